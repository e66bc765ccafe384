// The system's clipboard. A copy's text comes from Python a moment after the key and is written then; what is pasted comes with the
// browser's own paste event, which asks for no permission. Where the browser refuses, the desk's own clipboard serves.

import { readViewport } from "./viewport.js";

const LARGEST = 5_000_000; // characters, as Python takes them
const PATIENCE = 300; // ms in which a paste event follows its key

export class Clipboard {
  constructor(frame, queue, overlay) {
    Object.assign(this, { frame, queue, overlay, seen: null, point: null, own: false });
    this.onPaste = (event) => this.pasted(event);
    document.addEventListener("paste", this.onPaste);
  }

  close() {
    document.removeEventListener("paste", this.onPaste);
  }

  attach() {
    const { doc } = this.frame;
    doc.addEventListener("paste", this.onPaste);
    doc.addEventListener("pointermove", (event) => (this.point = [event.clientX, event.clientY]), { passive: true });
    doc.documentElement.addEventListener("pointerleave", () => (this.point = null));
  }

  // What was copied before this page was drawn is not written again.
  update({ copied, strings }) {
    this.strings = strings;
    const news = this.seen !== null && copied.number > this.seen && copied.text;
    this.seen = Math.max(this.seen || 0, copied.number);
    if (news) this.write(copied.text);
  }

  async write(text) {
    this.own = false;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      this.own = !this.writeOldWay(text); // no secure page, or no permission
    }
  }

  writeOldWay(text) {
    const before = document.activeElement;
    const area = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    area.style.cssText = "position:fixed;opacity:0";
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (before) before.focus({ preventScroll: true });
    return done;
  }

  // The key was pressed: the paste event follows, unless the browser knows none outside of fields.
  expect() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.send(null), PATIENCE);
  }

  pasted(event) {
    const target = event.composedPath()[0];
    const field = target.closest && target.closest("input, textarea, [contenteditable=true], [role=dialog]");
    if (field || document.querySelector("[role=dialog]") || !this.frame.args) return;
    event.preventDefault();
    clearTimeout(this.waiting);
    this.send((event.clipboardData && event.clipboardData.getData("text/plain")) || null);
  }

  // Asked for without the key, from a menu or a list: the browser may want to ask the person first.
  async paste() {
    let text = null;
    try {
      text = (await navigator.clipboard.readText()) || null;
    } catch {
      text = null; // refused
    }
    this.send(text);
  }

  send(text) {
    if (text && text.length > LARGEST) return this.overlay.say(this.strings.paste_large, "error");
    const view = this.point && readViewport(this.frame.doc);
    const at = view ? [(this.point[0] - view.x) / view.k, (this.point[1] - view.y) / view.k] : null;
    this.queue.push("paste", { text: this.own ? null : text, at });
  }
}
