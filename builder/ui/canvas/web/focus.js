// The nodes of the canvas under the keyboard: which one has the focus, and React Flow's own keys to select and to move.

import { bodyOf, chosenIn } from "./drawn.js";

export class Focus {
  constructor(frame) {
    this.frame = frame;
  }

  // The node that has the focus.
  get node() {
    return this.frame.doc?.activeElement?.closest(".react-flow__node.body")?.dataset.id || null;
  }

  // Brings the focus to the canvas, and to a node there.
  to(id) {
    const { element } = this.frame;
    if (element && document.activeElement !== element) element.focus();
    if (id) bodyOf(this.frame.doc, id)?.focus({ preventScroll: true });
  }

  // A key press for React Flow alone.
  press(body, key, shiftKey = false) {
    body.dispatchEvent(new this.frame.win.KeyboardEvent("keydown", { key, shiftKey, bubbles: true, cancelable: true }));
  }

  // Selects one node and nothing else, at once.
  select(id) {
    const { doc } = this.frame, { nodes } = chosenIn(doc), body = bodyOf(doc, id);
    if (!body) return;
    for (const other of nodes.length > 1 ? nodes : []) this.press(bodyOf(doc, other), "Escape");
    this.to(id);
    this.press(body, "Enter");
    this.frame.tell([id], []); // now: a push that comes before React has drawn must not undo it
  }

  // Moves what is selected by 5 or 20; false where nothing is. To be followed by the frame's release().
  nudge(arrow, distance) {
    const { doc } = this.frame, [first] = chosenIn(doc).nodes;
    if (!first) return false;
    this.frame.busy = true;
    this.press(bodyOf(doc, first), arrow, distance > 5);
    return true;
  }
}
