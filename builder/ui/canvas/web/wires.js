// What is said about wires over the canvas: from where to where and with what shape, where the pointer is on one or a node at it is
// selected; and the wire that hangs in the air while one chooses what comes at its end. Shapes are read from the cards.

import { bodies, bodyOf, endsOf, isBody, nodeOf, pinOf, positionOf, roomBelow, wireId, wireOf } from "./drawn.js";
import { labelPlace, labelPoints } from "./labels.js";
import { readViewport } from "./viewport.js";

const DRAWING = "http://www.w3.org/2000/svg";
const LABELS = 24; // labels at the wires of selected nodes
const BESIDE = 14; // px between the pointer and what it says

// "(B,6,28,28) float32" as one says it of a wire: "B×6×28×28 float32".
export function said(shape) {
  const parts = /^\((.*)\) (\w+)$/.exec(shape || "");
  return parts ? [parts[1].split(",").join("×") || "1", parts[2]] : null;
}

export class Wires {
  constructor(frame) {
    this.frame = frame;
    this.nodes = [];
  }

  // A new document of the canvas: the layer lies over React Flow, moves with it, and lets all clicks through.
  attach() {
    const doc = this.frame.doc;
    const make = (name, parent) => parent.appendChild(Object.assign(doc.createElement("div"), { className: name }));
    this.layer = make("wire-layer", doc.body);
    this.labels = make("wire-labels", this.layer);
    this.tip = make("wire-tip", doc.body);
    this.tip.hidden = true;
    const svg = this.layer.appendChild(doc.createElementNS(DRAWING, "svg"));
    this.path = svg.appendChild(doc.createElementNS(DRAWING, "path"));
    doc.addEventListener("pointermove", (event) => this.over(event), { passive: true });
    doc.documentElement.addEventListener("pointerleave", () => this.hide());
    doc.addEventListener("pointerdown", () => this.hide(), true);
    this.move();
  }

  move() {
    const view = this.layer && readViewport(this.frame.doc);
    if (!view) return;
    this.layer.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.k})`;
    this.layer.classList.toggle("far", view.k < 0.55);
    this.hide();
  }

  // What a wire carries, as the card at its source says it; null where nothing is known.
  carried(id) {
    const [end] = endsOf(id), [node, port] = end.split(".");
    const body = bodyOf(this.frame.doc, node);
    const row = body && [...body.querySelectorAll(".row")].find((r) => r.querySelector(".out").textContent === port);
    const badge = row && row.querySelector("code.shape");
    return badge ? said(badge.title) : null;
  }

  // ---------------------------------------------------------------- under the pointer

  over(event) {
    const edge = event.buttons ? null : event.target.closest(".react-flow__edge");
    if (!edge) return this.hide();
    const id = wireId(edge);
    if (this.tip.dataset.wire !== id || this.tip.hidden) {
      const shape = this.carried(id);
      const part = (name, text) => Object.assign(this.frame.doc.createElement(name), { textContent: text });
      this.tip.replaceChildren(part("span", endsOf(id).join(" → ")), ...(shape ? [part("code", shape[0]), part("small", shape[1])] : []));
      this.tip.dataset.wire = id;
      this.tip.hidden = false;
    }
    const { offsetWidth: w, offsetHeight: h } = this.tip, { innerWidth, innerHeight } = this.frame.win;
    const x = Math.min(event.clientX + BESIDE, innerWidth - w - 8);
    const y = event.clientY + BESIDE + h > innerHeight ? event.clientY - BESIDE - h : event.clientY + BESIDE;
    this.tip.style.transform = `translate(${Math.max(8, x)}px, ${y}px)`;
  }

  hide() {
    if (this.tip && !this.tip.hidden) this.tip.hidden = true;
  }

  // ---------------------------------------------------------------- at what is selected

  // Labels at the selected wires and at those that touch the selected nodes.
  show(nodes, edges) {
    if (!this.labels) return;
    Object.assign(this, { nodes, edges });
    const at = (id) => endsOf(id).some((end) => nodes.includes(nodeOf(end)));
    const known = this.frame.args ? this.frame.args.edges.map((edge) => edge.id) : [];
    const chosen = nodes.length || edges.length ? known.filter((id) => edges.includes(id) || at(id)) : [];
    const texts = chosen.length > LABELS ? [] : chosen.map((id) => [id, this.carried(id)]).filter(([, shape]) => shape);
    const now = [...this.labels.children];
    texts.forEach(([id, shape], at) => {
      const label = now[at] || this.labels.appendChild(this.frame.doc.createElement("span"));
      label.dataset.wire = id;
      if (label.textContent !== shape[0]) label.textContent = shape[0];
    });
    now.slice(texts.length).forEach((label) => label.remove());
    this.settle();
  }

  // Puts the labels where the wires lie now; while a node is dragged, with each frame. One without room is not seen.
  settle() {
    if (!this.labels) return;
    const labels = [...this.labels.children], taken = labels.length ? this.obstacles() : [];
    const sizes = labels.map((label) => ({ w: label.offsetWidth, h: label.offsetHeight }));
    labels.forEach((label, at) => {
      const wire = label.dataset.wire, edge = wireOf(this.frame.doc, wire), path = edge && edge.querySelector(".react-flow__edge-path");
      const points = path ? labelPoints(path, !!edge.querySelector(".react-flow__edge-textwrapper")) : [];
      const place = labelPlace(points, sizes[at], taken.filter((box) => !box.frame || !wire.startsWith(box.frame)));
      label.style.visibility = place ? "" : "hidden";
      if (!place) return;
      label.style.transform = `translate(${place.x}px, ${place.y}px)`;
      taken.push({ ...place, ...sizes[at] });
    });
    if (this.frame.busy && labels.length) requestAnimationFrame(() => this.settle());
  }

  // What no label covers: cards with their messages, and the dots of ports; a frame leaves the wires within it room.
  obstacles() {
    const { nodes } = this.frame.args, corners = new Map(), found = [];
    for (const [id, body] of bodies(this.frame.doc)) corners.set(id, positionOf(body));
    for (const node of nodes) {
      const corner = corners.get(isBody(node) ? node.id : node.parentNode);
      if (!corner) continue;
      const [x, y] = corner, { position } = node;
      if (isBody(node)) found.push({ x, y, w: node.width, h: node.height + roomBelow(node), frame: / is-expanded/.test(node.className) ? `${node.id}/` : "" });
      else found.push({ x: x + position.x + 1, y: y + position.y + 5, w: 20, h: 10 });
    }
    return found;
  }

  // ---------------------------------------------------------------- in the air

  // Where on the canvas a wire meets a port.
  endAt(pin, out) {
    const element = pinOf(this.frame.doc, pin), view = readViewport(this.frame.doc);
    if (!element || !view) return null;
    const box = element.getBoundingClientRect();
    return { x: ((out ? box.right : box.left) - view.x) / view.k, y: ((box.top + box.bottom) / 2 - view.y) / view.k };
  }

  // Draws a wire between two ports until Python has drawn it.
  join(source, target) {
    const end = this.endAt(target, false);
    if (end) this.hang(source, true, end);
  }

  // Draws a wire from a port to a point of the canvas; without a port it goes.
  hang(pin, out, point) {
    if (!this.path) return;
    const start = pin && this.endAt(pin, out);
    this.path.toggleAttribute("hidden", !start);
    if (!start) return this.path.setAttribute("d", "");
    const { x, y } = start;
    const bend = Math.max(30, Math.abs(point.x - x) / 2) * (out ? 1 : -1);
    this.path.setAttribute("d", `M${x},${y} C${x + bend},${y} ${point.x - bend},${point.y} ${point.x},${point.y}`);
  }
}
