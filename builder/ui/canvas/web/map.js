// The map of the whole graph: a rectangle a node, in the canvas's own coordinates, and over them what is in view. Panning moves
// the view alone; a node's rectangle is written again only where it changed.

import { readViewport, setViewport } from "./viewport.js";

const SVG_SPACE = "http://www.w3.org/2000/svg";
const MAP = { width: 176, height: 116, margin: 6 };

function rectangle(name) {
  const rect = document.createElementNS(SVG_SPACE, "rect");
  rect.setAttribute("class", name);
  return rect;
}

// Writes what differs from what was written before.
function rewrite(rect, values) {
  const before = rect.written || {};
  for (const [name, value] of Object.entries(values)) if (before[name] !== value) rect.setAttribute(name, value);
  rect.written = values;
}

export class Minimap {
  constructor(frame) {
    this.frame = frame;
    this.rects = new Map(); // by node
    this.bounds = null; // of all nodes: left, top, right, bottom
    this.nodes = document.createElementNS(SVG_SPACE, "g");
    this.seen = rectangle("seen");
    this.element = document.createElementNS(SVG_SPACE, "svg");
    this.element.setAttribute("class", "desk-map");
    this.element.setAttribute("role", "img");
    this.element.append(this.nodes, this.seen);
    this.element.addEventListener("pointerdown", (event) => this.travel(event));
  }

  get hidden() {
    return this.element.style.display === "none";
  }

  set hidden(hidden) {
    this.element.style.display = hidden ? "none" : "";
  }

  // Shows boxes [{id, x, y, w, h, family, selected}].
  show(boxes) {
    const left = new Set(this.rects.keys());
    for (const { id, x, y, w, h, family, selected } of boxes) {
      left.delete(id);
      if (!this.rects.has(id)) {
        this.rects.set(id, rectangle(""));
        this.nodes.append(this.rects.get(id));
      }
      rewrite(this.rects.get(id), { x, y, width: w, height: h, rx: 16, class: `node ${family}${selected ? " chosen" : ""}` });
    }
    for (const id of left) {
      this.rects.get(id).remove();
      this.rects.delete(id);
    }
    const edge = (pick, of) => of(...boxes.map(pick));
    this.bounds = boxes.length ? [edge((b) => b.x, Math.min), edge((b) => b.y, Math.min), edge((b) => b.x + b.w, Math.max), edge((b) => b.y + b.h, Math.max)] : null;
  }

  // Shows what part of the canvas is in view.
  look(view, [width, height]) {
    const seen = [-view.x / view.k, -view.y / view.k, (width - view.x) / view.k, (height - view.y) / view.k];
    const all = this.bounds || seen;
    const [left, top, right, bottom] = seen.map((value, side) => (side < 2 ? Math.min : Math.max)(value, all[side]));
    const scale = Math.max((right - left) / (MAP.width - 2 * MAP.margin), (bottom - top) / (MAP.height - 2 * MAP.margin));
    this.area = { x: (left + right - MAP.width * scale) / 2, y: (top + bottom - MAP.height * scale) / 2, scale };
    const box = [this.area.x, this.area.y, MAP.width * scale, MAP.height * scale].map((value) => value.toFixed(1)).join(" ");
    rewrite(this.element, { viewBox: box });
    rewrite(this.seen, { x: seen[0].toFixed(1), y: seen[1].toFixed(1), width: (seen[2] - seen[0]).toFixed(1), height: (seen[3] - seen[1]).toFixed(1), rx: (3 * scale).toFixed(1) });
  }

  // Takes the view to where one presses, and along while dragging.
  travel(event) {
    const area = this.area; // the scale stays while dragging
    const go = (e) => {
      const box = this.element.getBoundingClientRect(), view = readViewport(this.frame.doc);
      if (!view || !area) return;
      const x = area.x + (e.clientX - box.left) * area.scale, y = area.y + (e.clientY - box.top) * area.scale;
      const { clientWidth, clientHeight } = this.frame.element;
      setViewport(this.frame.doc, { x: clientWidth / 2 - x * view.k, y: clientHeight / 2 - y * view.k, k: view.k });
    };
    go(event);
    this.element.setPointerCapture(event.pointerId);
    this.element.addEventListener("pointermove", go);
    this.element.addEventListener("pointerup", () => this.element.removeEventListener("pointermove", go), { once: true });
  }
}
