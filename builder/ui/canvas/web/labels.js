// Where the label of a wire comes to lie: at its wire, where it covers no card, no port and no other label; else nowhere.

const SHARES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8]; // of a wire's length: where there may be room, the middle first
const ABOVE = 6; // px between a level piece of a wire and its label: as much as a port is high
const LEVEL = 0.3; // slope up to which a piece is level

// The points of a path at which a label may lie, as they are asked for: finding one is slow. The middle is left out where a number
// of its own stands there.
export function* labelPoints(path, numbered) {
  const length = path.getTotalLength();
  for (const share of SHARES.slice(numbered ? 1 : 0)) {
    const [before, at, after] = [-2, 0, 2].map((step) => path.getPointAtLength(share * length + step));
    yield { x: at.x, y: at.y, level: Math.abs(after.y - before.y) <= LEVEL * Math.abs(after.x - before.x) };
  }
}

// The corner of a label of size {w, h}: above or below a level piece, else upon the wire; null where boxes leave no room.
export function labelPlace(points, { w, h }, boxes) {
  const free = ({ x, y }) => boxes.every((b) => x >= b.x + b.w || b.x >= x + w || y >= b.y + b.h || b.y >= y + h);
  const upon = [];
  for (const { x, y, level } of points) {
    if (!level) upon.push({ x: x - w / 2, y: y - h / 2 });
    else {
      const beside = [{ x: x - w / 2, y: y - ABOVE - h }, { x: x - w / 2, y: y + ABOVE }].find(free);
      if (beside) return beside;
    }
  }
  return upon.find(free) || null;
}
