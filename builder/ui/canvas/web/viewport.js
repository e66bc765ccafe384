// The viewport of React Flow from outside: read from its transform, set by the wheel events a person would make.

// The transform of d3-zoom, which moves the viewport: React draws it a moment later.
export function readViewport(doc) {
  const zoom = doc && doc.querySelector(".react-flow__renderer")?.__zoom;
  if (zoom && doc.querySelector(".react-flow__viewport")) return { x: zoom.x, y: zoom.y, k: zoom.k };
  const element = doc && doc.querySelector(".react-flow__viewport");
  const parts = element && /translate\(([-\d.e]+)px,\s*([-\d.e]+)px\)\s*scale\(([-\d.e]+)\)/.exec(element.style.transform);
  return parts ? { x: +parts[1], y: +parts[2], k: +parts[3] } : null;
}

// Where a wheel event that changes the zoom from `from.k` to `to.k` must lie, so that the viewport comes out at `to`.
export function fixedPoint(from, to) {
  return { x: (to.x * from.k - from.x * to.k) / (from.k - to.k), y: (to.y * from.k - from.y * to.k) / (from.k - to.k) };
}

function zoomStep(doc, from, to) {
  const pane = doc.querySelector(".react-flow__renderer");
  const box = pane.getBoundingClientRect();
  const point = fixedPoint(from, to);
  const view = doc.defaultView;
  pane.dispatchEvent(new view.WheelEvent("wheel", {
    bubbles: true, cancelable: true, view, deltaMode: 0, deltaY: -Math.log2(to.k / from.k) / 0.002,
    clientX: box.left + point.x, clientY: box.top + point.y,
  }));
}

// Whether a hand moves the canvas. A wheel event in between would take the hold of the hand elsewhere: the canvas would leap away.
function held(doc) {
  const gesture = doc.querySelector(".react-flow__renderer")?.__zooming;
  return Boolean(gesture && !gesture.wheel);
}

// False where the canvas stays as it is.
export function setViewport(doc, to) {
  if (held(doc)) return false;
  for (let attempt = 0; attempt < 3; attempt++) {
    const from = readViewport(doc);
    if (!from) return false;
    const off = Math.abs(from.x - to.x) + Math.abs(from.y - to.y);
    if (off < 0.6 && Math.abs(from.k / to.k - 1) < 1e-4) return true;
    if (Math.abs(from.k / to.k - 1) < 0.02) {
      // A pan alone: a little out (or in) first, so that the way back can carry the shift.
      const k = to.k * (to.k > 0.5 ? 0.8 : 1.25);
      zoomStep(doc, from, { x: from.x, y: from.y, k });
    }
    const start = readViewport(doc);
    if (start) zoomStep(doc, start, to);
  }
  return true;
}

const MARGIN = 64; // px around what is fitted
const AWAY = 20; // px between it and what floats over the canvas

// The viewport that shows boxes [{x, y, w, h}] whole, in the middle of what `kept` [left, top, right, bottom] leaves, at most at
// full size.
export function fitting(boxes, width, height, { kept = [MARGIN, MARGIN, MARGIN, MARGIN], most = 1, least = 0.12 } = {}) {
  return boxes.length ? centred(extent(boxes), kept, width, height, most, least) : { x: width / 2, y: height / 2, k: 1 };
}

function extent(boxes) {
  const left = Math.min(...boxes.map((b) => b.x)), top = Math.min(...boxes.map((b) => b.y));
  return { left, top, right: Math.max(...boxes.map((b) => b.x + b.w)), bottom: Math.max(...boxes.map((b) => b.y + b.h)) };
}

function centred({ left, top, right, bottom }, kept, width, height, most, least) {
  const k = Math.max(least, Math.min(most, (width - kept[0] - kept[2]) / (right - left), (height - kept[1] - kept[3]) / (bottom - top)));
  return { x: (width + kept[0] - kept[2] - (left + right) * k) / 2, y: (height + kept[1] - kept[3] - (top + bottom) * k) / 2, k };
}

// The largest of such viewports in which nothing that floats over the canvas, `floats` [{x, y, w, h}], covers a box: each may lie
// over free ground, or a side of the canvas is left to it.
export function fittingBeside(floats, boxes, width, height, { most = 1, least = 0.12 } = {}) {
  if (!boxes.length) return fitting(boxes, width, height);
  let ways = new Map([["", [MARGIN, MARGIN, MARGIN, MARGIN]]]); // by what is kept: many floats share a side
  for (const { x, y, w, h } of floats) {
    const across = x + w / 2 < width / 2 ? [0, x + w] : [2, width - x], upright = y + h / 2 < height / 2 ? [1, y + h] : [3, height - y];
    const leaving = (kept, [side, room]) => kept.map((space, at) => (at === side ? Math.max(space, room + AWAY) : space));
    ways = new Map([...ways.values()].flatMap((kept) => [kept, leaving(kept, across), leaving(kept, upright)]).map((kept) => [kept.join(), kept]));
  }
  const whole = extent(boxes), views = [...ways.values()].map((kept) => centred(whole, kept, width, height, most, least));
  const largest = [...views].sort((one, other) => (Math.abs(one.k - other.k) > 1e-6 ? other.k - one.k : 0));
  return largest.find((view) => !covers(floats, view, boxes)) || views[0];
}

// Whether something that floats over the canvas lies on a box.
export function covers(floats, { x, y, k }, boxes) {
  return boxes.some((b) => floats.some((f) => b.x * k + x < f.x + f.w && f.x < (b.x + b.w) * k + x && b.y * k + y < f.y + f.h && f.y < (b.y + b.h) * k + y));
}

// The nearest viewport that shows a box, the same where it is in view already.
export function revealing(view, box, width, height, margin = 40) {
  const shift = (low, high, size) => (low < margin ? margin - low : high > size - margin ? Math.max(size - margin - high, margin - low) : 0);
  const left = box.x * view.k + view.x, top = box.y * view.k + view.y;
  return {
    x: view.x + shift(left, left + box.w * view.k, width),
    y: view.y + shift(top, top + box.h * view.k, height),
    k: view.k,
  };
}

let glides = 0;

// Goes to a viewport in small steps; a later glide, or a hand on the canvas, takes over from one that is under way.
export function glide(doc, to, duration = 220) {
  const from = readViewport(doc), number = ++glides;
  if (!from) return;
  const start = performance.now();
  const ease = (t) => 1 - Math.pow(1 - t, 3);
  const grip = () => number === glides && glides++;
  doc.addEventListener("pointerdown", grip, { capture: true, once: true });
  const frame = (now) => {
    if (number !== glides) return doc.removeEventListener("pointerdown", grip, true);
    const t = Math.min(1, (now - start) / duration), e = ease(t);
    const k = from.k * Math.pow(to.k / from.k, e);
    setViewport(doc, { x: from.x + (to.x - from.x) * e, y: from.y + (to.y - from.y) * e, k });
    if (t < 1) requestAnimationFrame(frame);
    else doc.removeEventListener("pointerdown", grip, true);
  };
  requestAnimationFrame(frame);
}
