// The parts of a push: a card with its pins, or a wire. Each comes as a text of all that is its own but where it lies and whether it is
// selected. By its text a part that came before is known: it keeps its objects, by which React knows that nothing is to be drawn.

// An element as React Flow takes it: Python sends what is its own, and what is the same for all of a kind once.
function whole({ like, pos = [0, 0], content = "", ...own }, kinds) {
  const element = { ...kinds[like], ...own };
  if (like === "wire") return element;
  const { width, height } = element;
  return { ...element, position: { x: pos[0], y: pos[1] }, data: { content }, style: { width: `${width}px`, height: `${height}px` } };
}

export class Parts {
  constructor() {
    this.known = new Map(); // the elements of the last push, by the text of their part
  }

  // The elements of a push, and whether anything is new besides places and selection.
  take(parts, kinds) {
    const known = new Map(), before = this.known.keys(), elements = [];
    let changed = parts.length !== this.known.size;
    for (const { own, at, selected } of parts) {
      if (before.next().value !== own) changed = true;
      const made = this.known.get(own) || JSON.parse(own).map((element) => whole(element, kinds));
      known.set(own, made);
      const [first, ...pins] = made.map((element) => ({ ...element }));
      first.selected = selected;
      if (at) first.position = { x: at[0], y: at[1] };
      elements.push(first, ...pins);
    }
    this.known = known;
    return { elements, changed };
  }
}
