// What React Flow draws, found by the ids of the graph: cards (and the frames of expanded blocks), their pins, and wires. An id
// within an expanded block begins with the way there, `use/node`; that of a pin is `node.port`, that of a wire `pin->pin`.

const WIRE = "rf__edge-"; // stands before the id of a wire at its element

// The body in which a card of an expanded block is drawn: its id is the way there.
export function around(id) {
  const cut = id.lastIndexOf("/");
  return cut < 0 ? null : id.slice(0, cut);
}

// The node that a pin belongs to.
export function nodeOf(pin) {
  return pin.split(".")[0];
}

// Whether a node of a push is a card (or a frame), not a pin.
export function isBody(node) {
  return !node.id.includes(".");
}

export function bodyOf(doc, id) {
  return doc.querySelector(`.react-flow__node.body[data-id="${CSS.escape(id)}"]`);
}

export function pinOf(doc, id) {
  return doc.querySelector(`.react-flow__node.pin[data-id="${CSS.escape(id)}"]`);
}

export function wireOf(doc, id) {
  return doc.querySelector(`[data-testid="${WIRE}${CSS.escape(id)}"]`);
}

export function wireId(element) {
  return element.dataset.testid.slice(WIRE.length);
}

// The two ends of a wire's id.
export function endsOf(id) {
  const at = id.indexOf("->");
  return [id.slice(0, at), id.slice(at + 2)];
}

// The cards by id.
export function bodies(doc) {
  return new Map([...(doc ? doc.querySelectorAll(".react-flow__node.body") : [])].map((element) => [element.dataset.id, element]));
}

// Room that the message below a card of a push takes.
export function roomBelow(node) {
  return / is-(error|waiting)/.test(node.className || "") ? 44 : 0;
}

// The ids of what is selected.
export function chosenIn(doc) {
  if (!doc) return { nodes: [], edges: [] };
  const nodes = [...doc.querySelectorAll(".react-flow__node.body.selected")].map((element) => element.dataset.id);
  return { nodes, edges: [...doc.querySelectorAll(".react-flow__edge.selected")].map(wireId) };
}

// Where React Flow draws an element, in its coordinates.
export function positionOf(element) {
  const parts = /translate\(([-\d.e]+)px,\s*([-\d.e]+)px\)/.exec(element.style.transform);
  return parts ? [Math.round(+parts[1] * 10) / 10, Math.round(+parts[2] * 10) / 10] : null;
}

// Where a card lies: in the frame around it, which is among `all`, or on the canvas.
export function placeOf(element, all) {
  const at = positionOf(element), outer = all.get(around(element.dataset.id));
  const corner = outer && positionOf(outer);
  return at && corner ? [at[0] - corner[0], at[1] - corner[1]] : at;
}

// The wire under a point of the iframe, if there is one; a node that is being dragged there is looked through.
export function wireAt(doc, x, y, through = null) {
  for (const hit of doc ? doc.elementsFromPoint(x, y) : []) {
    const node = hit.closest && hit.closest(".react-flow__node");
    if (node && through && (node.dataset.id === through || node.dataset.id.startsWith(`${through}.`))) continue;
    const edge = hit.closest && hit.closest(".react-flow__edge");
    if (edge) return edge;
    if (hit.closest && hit.closest(".react-flow__node.body")) return null;
  }
  return null;
}
