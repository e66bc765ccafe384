// Wires that are there already: one is taken up at the input port that holds it, and a node without wires goes into one on which it
// is dropped. React Flow knows neither, so it is led to draw the wire from its source.

import { bodies, chosenIn, nodeOf, pinOf, placeOf, wireAt, wireId } from "./drawn.js";

const SLIP = 6; // px that a press may move and still be a click

export class Pickup {
  constructor(frame, queue) {
    Object.assign(this, { frame, queue, pressed: null, lone: null });
  }

  attach() {
    const on = (type, handler) => this.frame.doc.addEventListener(type, handler, true);
    on("mousedown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event)); // a drag keeps mousemove to itself
    on("mouseup", () => (this.pressed = null));
  }

  down(event) {
    this.pressed = this.lone = null;
    if (event.button !== 0) return;
    const pin = event.target.closest(".react-flow__node.pin.in.used:not(.many)");
    if (pin) {
      const edge = this.edges().find((e) => e.target === pin.dataset.id);
      if (!edge) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      this.pressed = { edge, x: event.clientX, y: event.clientY };
      return;
    }
    const body = event.target.closest(".react-flow__node.body");
    if (body && this.isLone(body.dataset.id)) this.lone = { id: body.dataset.id, x: event.clientX, y: event.clientY };
  }

  edges() {
    return this.frame.args ? this.frame.args.edges : [];
  }

  // Whether a node has inputs and outputs, and no wire at any, and is not dragged along with others.
  isLone(id) {
    const pins = (this.frame.args ? this.frame.args.nodes : []).filter((node) => node.parentNode === id);
    const sides = ["in", "out"].every((side) => pins.some((pin) => ` ${pin.className} `.includes(` ${side} `)));
    const wired = this.edges().some((e) => [e.source, e.target].some((end) => nodeOf(end) === id));
    return sides && !wired && !chosenIn(this.frame.doc).nodes.some((other) => other !== id);
  }

  move(event) {
    const far = ({ x, y }) => Math.hypot(event.clientX - x, event.clientY - y) > SLIP;
    if (this.pressed && far(this.pressed)) {
      const { edge } = this.pressed;
      this.pressed = null;
      this.lift(edge);
    }
    if (!this.lone || !event.buttons || !far(this.lone)) return;
    this.frame.mark(wireAt(this.frame.doc, event.clientX, event.clientY, this.lone.id));
  }

  // The wire now hangs on the pointer. React Flow asks what lies at the point of the press: the handle of the wire's source.
  lift(edge) {
    const doc = this.frame.doc;
    const handle = pinOf(doc, edge.source)?.querySelector(".react-flow__handle");
    if (!handle) return;
    const box = handle.getBoundingClientRect();
    this.frame.lift(edge);
    doc.elementFromPoint = () => handle;
    handle.dispatchEvent(new this.frame.win.MouseEvent("mousedown", {
      bubbles: true, cancelable: true, button: 0, buttons: 1, view: this.frame.win, clientX: (box.left + box.right) / 2, clientY: (box.top + box.bottom) / 2,
    }));
    delete doc.elementFromPoint;
  }

  // The press has ended: a lone node that lies on a wire goes into it, its move and its wires as one step.
  released() {
    const { lone } = this, { marked } = this.frame;
    this.frame.mark(null);
    this.lone = null;
    if (!lone || !marked) return;
    const all = bodies(this.frame.doc), body = all.get(lone.id);
    const at = body && placeOf(body, all);
    if (!at) return;
    this.frame.positions.set(lone.id, at);
    this.queue.push("insert", { node: lone.id, x: at[0], y: at[1], wire: wireId(marked) });
  }
}
