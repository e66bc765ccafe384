// What is typed for a field of the inspector that is not drawn yet: the keys wait here, and go into the field once it is there.

import { idle } from "./dom.js";
import { chosenIn } from "./drawn.js";

const LONGEST = 5000; // ms to wait for a field
const FILLED = 400; // ms within which a field that was just drawn gets its text
const HOPELESS = 400; // ms of rest after which the name of a block that is not there is waited for no longer
const FIELDS = 'input:not([type="hidden"]):not(:disabled), textarea:not(:disabled), button:not(:disabled)';

// Selects the text of a field, and again where it gets that only now, unless a person has begun to type.
function selectAll(field) {
  const until = performance.now() + FILLED, stop = new AbortController();
  let text = null;
  field.addEventListener("beforeinput", () => stop.abort(), { signal: stop.signal });
  const look = () => {
    if (stop.signal.aborted || document.activeElement !== field || performance.now() > until) return stop.abort();
    if (field.value !== text) field.select();
    text = field.value;
    requestAnimationFrame(look);
  };
  look();
}

export class Typing {
  constructor(frame, queue, focus) {
    Object.assign(this, { frame, queue, focus });
    this.waiting = null; // { keys, until, find(panel, node), over() }
    this.fresh = null; // the block that was made last, { id, node }
    this.named = null; // the field of its name
  }

  update({ desk, fresh }) {
    const made = desk === this.desk && fresh.id !== this.fresh.id;
    Object.assign(this, { desk, fresh });
    if (made && !this.waiting) this.toName(fresh.id);
  }

  // To the first field of what is selected.
  toFirst() {
    this.await((panel) => panel.querySelector('[class*="st-key-param_"] input:not(:disabled)') || panel.querySelector(FIELDS));
  }

  // To the name of a block, of the next one that is made; letters name it rather than mean commands.
  toName(id = this.fresh.id + 1) {
    let rest = 0;
    const there = (node) => this.fresh.id === id && this.fresh.node === node;
    this.await((panel, node) => {
      this.named = there(node) ? panel.querySelector(".st-key-row_block_name input") : null;
      return this.named;
    }, (node, rests) => {
      if (!rests || there(node)) rest = 0;
      else rest = rest || performance.now();
      return rest && performance.now() - rest > HOPELESS; // it was not made, or something else was selected
    });
  }

  await(find, over = () => false) {
    this.waiting = { find, over, keys: [], until: performance.now() + LONGEST };
    this.enter();
  }

  enter() {
    if (!this.waiting) return;
    const { find, over, keys, until } = this.waiting, [node, ...more] = chosenIn(this.frame.doc).nodes;
    const panel = document.querySelector(".st-key-inspector"), field = panel && find(panel, node);
    const shown = more.length > 0 || !node || panel?.querySelector(".desk-head code")?.textContent === node.split("/").at(-1);
    const rests = !this.queue.pending.length && idle();
    if (!(field && shown && rests) && performance.now() < until && !over(node, rests)) return void setTimeout(() => this.enter(), 25);
    this.waiting = null;
    if (field) this.type(keys, [...panel.querySelectorAll(FIELDS)], field);
  }

  // Types into a field as a person does; Tab leads to the next one.
  type(keys, fields, field) {
    field.focus();
    if (field.select) selectAll(field);
    for (const [place, key] of keys.entries()) {
      if (key === "Tab") return this.type(keys.slice(place + 1), fields, fields[fields.indexOf(field) + 1] || field);
      if (key === "Enter") {
        field.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, keyCode: 13, bubbles: true, cancelable: true }));
        this.entered(field);
      } else document.execCommand("insertText", false, key);
    }
  }

  // Enter was pressed in a field. Who has named a block goes on with it on the canvas.
  entered(field) {
    if (field === this.named) setTimeout(() => this.focus.to(chosenIn(this.frame.doc).nodes[0]));
  }

  // Keeps a key for the field, and says so; Escape stays on the canvas.
  take({ key, ctrlKey, metaKey, altKey }) {
    if (!this.waiting || ctrlKey || metaKey || altKey) return false;
    const { keys } = this.waiting;
    if (key === "Escape") this.waiting = null;
    else if (key === "Backspace") keys.pop();
    else if (key.length === 1 || ["Enter", "Tab"].includes(key)) keys.push(key);
    else return false;
    return true;
  }
}
