// The ways of wires round the cards, which Python finds: they take the place of React Flow's own curves. While a card is moved by
// hand its ends of the wires go along, and the lanes stay where they are until Python has found new ones.

import { wireId } from "./drawn.js";

const ROUND = 9; // radius of the corners
const PATHS = ".react-flow__edge-path, .react-flow__edge-interaction";

// The ends of a path, as React Flow and we write it.
export function endsOfPath(d) {
  const numbers = (d.match(/-?[\d.]+(?:e-?\d+)?/g) || []).map(Number);
  return numbers.length < 4 ? null : [numbers.slice(0, 2), numbers.slice(-2)];
}

// A way whose ends lie somewhere else now. As a whole it goes along with both; one end takes along its stub and its upright piece.
export function stretched(way, start, end) {
  const last = way.length - 1;
  const shifts = [[start, way[0]], [end, way[last]]].map(([to, from]) => [to[0] - from[0], to[1] - from[1]]);
  const [out, into] = shifts;
  if (Math.abs(out[0] - into[0]) < 0.5 && Math.abs(out[1] - into[1]) < 0.5) return way.map(([x, y]) => [x + out[0], y + out[1]]);
  return way.map(([x, y], at) => {
    const [shift, along] = at < way.length / 2 ? [out, at] : [into, last - at];
    if (along === 0) return [x + shift[0], y + shift[1]];
    const upright = last > 3 && along < 3; // both ends of the upright piece beside a port; with three pieces there is one for both
    return [x + (upright ? shift[0] : 0), y + (along === 1 ? shift[1] : 0)];
  });
}

// A path with round corners.
export function rounded(way) {
  const parts = [`M${way[0].join()}`];
  for (let at = 1; at < way.length - 1; at++) {
    const [before, corner, after] = [way[at - 1], way[at], way[at + 1]];
    const toward = (other) => {
      const far = Math.hypot(other[0] - corner[0], other[1] - corner[1]), share = far ? Math.min(ROUND, far / 2) / far : 0;
      return [corner[0] + (other[0] - corner[0]) * share, corner[1] + (other[1] - corner[1]) * share].join();
    };
    parts.push(`L${toward(before)}`, `Q${corner.join()} ${toward(after)}`);
  }
  return `${parts.join(" ")} L${way[way.length - 1].join()}`;
}

export class Ways {
  constructor() {
    this.found = { view: null, ways: {} };
    this.view = null; // the one that is shown
    this.own = new WeakMap(); // by path (or label): what React Flow wrote, and what we wrote
  }

  // A new document of the canvas, or a new drawing in it.
  attach(doc) {
    const drawing = doc.querySelector(".react-flow__viewport");
    if (!drawing || drawing === this.drawing) return;
    this.drawing = drawing;
    if (this.observer) this.observer.disconnect();
    this.observer = new MutationObserver((records) => this.changed(records));
    this.observer.observe(drawing, { subtree: true, childList: true, attributes: true, attributeFilter: ["d", "transform"] });
    this.settle();
  }

  close() {
    if (this.observer) this.observer.disconnect();
  }

  // Ways that follow a push, mostly before it is drawn: what React Flow draws anew is put right as it comes.
  take(found) {
    this.found = found;
    this.settle();
  }

  settle() {
    if (this.drawing) for (const edge of this.drawing.querySelectorAll(".react-flow__edge")) this.lay(edge);
  }

  changed(records) {
    const edges = new Set();
    for (const { target, addedNodes, type } of records) {
      const added = type === "attributes" ? [target] : [...addedNodes].filter((node) => node.nodeType === 1);
      for (const node of added) {
        const edge = node.closest(".react-flow__edge");
        for (const each of edge ? [edge] : node.querySelectorAll(".react-flow__edge")) edges.add(each);
      }
    }
    for (const edge of edges) this.lay(edge);
  }

  // Gives a wire its way, or what React Flow drew again.
  lay(edge) {
    const way = this.found.view === this.view ? this.found.ways[wireId(edge)] : null;
    let laid = null;
    for (const path of edge.querySelectorAll(PATHS)) {
      this.put(path, "d", (flow) => {
        const ends = way && endsOfPath(flow);
        laid = ends ? stretched(way, ...ends) : null;
        return laid ? rounded(laid) : flow;
      });
    }
    const label = edge.querySelector(".react-flow__edge-textwrapper");
    if (!label) return;
    this.put(label, "transform", (flow) => {
      if (!laid) return flow;
      const { width, height } = label.querySelector("text").getBBox(), [a, b] = laid.slice(laid.length / 2 - 1);
      return `translate(${(a[0] + b[0] - width) / 2} ${(a[1] + b[1] - height) / 2})`;
    });
  }

  // Writes an attribute that belongs to React Flow, which writes it anew only where it differs from what it wrote before.
  put(element, name, value) {
    const now = element.getAttribute(name) || "", kept = this.own.get(element);
    const flow = kept && kept.ours === now ? kept.flow : now, ours = value(flow);
    this.own.set(element, { flow, ours });
    if (ours !== now) element.setAttribute(name, ours);
  }
}
