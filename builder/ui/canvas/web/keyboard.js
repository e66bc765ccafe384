// What keys do on the page: the commands of the table, walking from node to node, moving what is selected, and the ways between
// canvas, inspector and palette. A key that comes while Python answers is not lost: it waits in the queue, or for its field.

import { bodies, chosenIn, nodeOf } from "./drawn.js";
import { Typing } from "./typing.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const BURST = 450; // ms without a key after which a move is told: one step of the history

// The combination of keys of a press, in the spelling of the table of commands.
export function combination(event) {
  const letter = /^[a-z]$/i.test(event.key); // of other characters Shift is a part
  const names = [[event.ctrlKey || event.metaKey, "Ctrl"], [event.altKey, "Alt"], [event.shiftKey && (letter || event.key.length > 1), "Shift"]];
  return [...names.filter(([held]) => held).map(([, name]) => name), letter ? event.key.toUpperCase() : event.key].join("+");
}

// The command that a key press means; null where the key is left to the browser.
export function commandOf(event, commands) {
  const keys = combination(event);
  const found = commands.find((command) => command.keys.includes(keys));
  return found ? found.name : null;
}

// The box that is nearest in a direction; what lies aside counts double. Null where there is none.
export function nearest(from, boxes, [dx, dy]) {
  const middle = (box) => [box.x + box.w / 2, box.y + box.h / 2];
  const [x, y] = middle(from);
  let best = null, least = Infinity;
  for (const box of boxes) {
    const [bx, by] = middle(box);
    const along = (bx - x) * dx + (by - y) * dy, aside = Math.abs((bx - x) * dy) + Math.abs((by - y) * dx);
    if (box.id === from.id || along <= 1 || aside > 3 * along) continue;
    if (along + 2 * aside < least) [best, least] = [box, along + 2 * aside];
  }
  return best;
}

// The ids in the order in which data flows, from left to right where that leaves a choice.
export function flowOrder(boxes, edges) {
  const waits = new Map(boxes.map((box) => [box.id, new Set()]));
  for (const { source, target } of edges) waits.get(nodeOf(target))?.add(nodeOf(source));
  const left = [...boxes].sort((a, b) => a.x - b.x || a.y - b.y), order = new Set();
  while (left.length) {
    const free = left.findIndex(({ id }) => [...waits.get(id)].every((other) => order.has(other) || !waits.has(other)));
    order.add(left.splice(Math.max(0, free), 1)[0].id);
  }
  return [...order];
}

function writing(event) {
  const target = event.composedPath()[0];
  return target && target.closest && target.closest("input, textarea, select, [contenteditable=true], [role=combobox], [role=dialog], [role=menu]");
}

export class Keyboard {
  constructor({ frame, focus, queue, overlay, chooser, finder, clipboard }) {
    Object.assign(this, { frame, focus, queue, overlay, chooser, finder, clipboard });
    this.typing = new Typing(frame, queue, focus);
    this.data = null;
    this.here = {
      fit: () => overlay.fit(true),
      zoom_selection: () => overlay.approach(chosenIn(frame.doc).nodes),
      zoom_reset: () => overlay.zoom(1, true),
      zoom_in: () => overlay.zoom(1.25),
      zoom_out: () => overlay.zoom(1 / 1.25),
      minimap: () => overlay.toggleMap(),
      shortcuts: () => overlay.toggleKeys(),
      search: () => this.toPalette(),
      palette: () => finder.all(),
      find: () => finder.find(),
      connect: () => finder.connect(),
      wires: () => finder.wires(),
      paste: () => clipboard.paste(),
      train: () => document.querySelector(".st-key-train button")?.click(),
      open: () => chosenIn(frame.doc).nodes.slice(0, 1).forEach((node) => queue.push("open", { node })),
      escape: () => (overlay.keys.hidden ? queue.push("escape") : overlay.toggleKeys(false)),
    };
  }

  update(data) {
    this.data = data;
    this.typing.update(data);
  }

  // Does a command of the table, after what was done before it is told.
  run(name) {
    this.rest();
    this.frame.finish();
    this.frame.reportNow();
    if (this.here[name]) this.here[name]();
    else this.queue.push("command", { name });
    if (name === "group") this.typing.toName();
  }

  // A key was pressed: within the canvas, or outside of it.
  press(event, outside) {
    if (!this.data || event.defaultPrevented || !event.isTrusted || event.isComposing) return;
    if (!(outside && writing(event)) && this.typing.take(event)) return this.taken(event);
    const command = commandOf(event, this.data.commands);
    if (outside && document.querySelector("[role=dialog]")) {
      if (this.chooser.shown && ["palette", "find", "save", "save_as", "open_graph"].includes(command)) event.preventDefault();
      return;
    }
    if (event.key === "F6") return this.taken(event, () => this.nextRegion(event.shiftKey ? -1 : 1));
    if (outside && writing(event) && !this.whileWriting(event, command)) return;
    const onCanvas = !outside || document.activeElement === document.body;
    if (onCanvas && this.onCanvas(event, outside)) return;
    if (!command) return;
    const { nodes } = chosenIn(this.frame.doc);
    if (command === "open" && (outside || nodes.length !== 1)) return;
    if (outside && ["copy", "cut"].includes(command) && String(getSelection())) return;
    if (command === "paste") {
      this.rest();
      return this.clipboard.expect(); // the browser's paste event brings the text
    }
    this.taken(event, () => this.run(command));
  }

  taken(event, act = () => {}) {
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // What keys do in a field: true where a command follows.
  whileWriting(event, command) {
    const field = document.activeElement;
    if (event.key === "Enter") this.typing.entered(field);
    if (command === "escape" && field.closest(".st-key-inspector") && field.getAttribute("aria-expanded") !== "true") {
      this.taken(event, () => this.toCanvas());
      return false;
    }
    if (command?.startsWith("save")) field.blur(); // what is being typed belongs to what is saved
    return command?.startsWith("save") || command === "palette"; // "save as" too
  }

  // ---------------------------------------------------------------- on the canvas

  // True where the key meant something to the nodes.
  onCanvas(event, outside) {
    const arrow = ARROWS[event.key], steps = event.ctrlKey || event.metaKey ? 5 : event.shiftKey ? 20 : 0;
    if (event.altKey) return false;
    if (arrow && steps) this.taken(event, () => this.move(event.key, steps));
    else if (arrow) this.taken(event, () => this.walk((from, boxes) => nearest(from, boxes, arrow)));
    else if (event.key === "PageDown" || event.key === "PageUp") this.taken(event, () => this.walk((from, boxes) => this.neighbour(from, boxes, event.key === "PageDown" ? 1 : -1)));
    else if (event.key === "Tab" && !outside) this.taken(event, () => (event.shiftKey ? this.toPalette() : this.toInspector()));
    else return false;
    return true;
  }

  get current() {
    return this.focus.node || chosenIn(this.frame.doc).nodes[0] || null;
  }

  // Goes on from the current node; to the first one where there is none.
  walk(next) {
    this.rest();
    const boxes = this.overlay.boxes([...bodies(this.frame.doc).keys()]), { current } = this;
    const from = boxes.find((box) => box.id === current);
    const to = from ? next(from, boxes) : this.first(boxes);
    if (!to) return;
    this.focus.select(to.id);
    this.overlay.reveal([to.id]);
  }

  first(boxes) {
    const [id] = boxes.length ? flowOrder(boxes, this.frame.args.edges) : [];
    return boxes.find((box) => box.id === id) || null;
  }

  neighbour(from, boxes, by) {
    const order = flowOrder(boxes, this.frame.args.edges);
    const id = order[order.indexOf(from.id) + by];
    return boxes.find((box) => box.id === id) || null;
  }

  // Moves what is selected. Python hears of it when the burst of keys is over, as of a drag.
  move(key, distance) {
    if (!this.focus.nudge(key, distance)) return;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), BURST);
  }

  rest() {
    if (!this.resting) return;
    clearTimeout(this.resting);
    this.resting = 0;
    this.frame.release();
  }

  // Where Python chose another node, the focus goes with it.
  follow() {
    const { nodes } = chosenIn(this.frame.doc);
    if (nodes.length === 1 && document.activeElement === this.frame.element && !this.frame.busy) this.focus.to(nodes[0]);
  }

  // ---------------------------------------------------------------- places

  toCanvas() {
    this.focus.to(this.current);
  }

  toPalette() {
    document.querySelector(".desk-search input")?.focus();
  }

  // To the first field of the selected node, as soon as the inspector shows it.
  toInspector() {
    this.rest();
    this.frame.reportNow();
    this.typing.toFirst();
  }

  // Round the parts of the page: bar, palette, canvas, inspector.
  nextRegion(by) {
    const goes = [() => document.querySelector(".st-key-nav a")?.focus(), () => this.toPalette(), () => this.toInspector(), () => this.toCanvas()];
    const at = [".st-key-bar, .st-key-tools", ".st-key-palette", ".st-key-inspector", "body"].findIndex((part) => document.activeElement.closest(part));
    goes[(at + by + goes.length) % goes.length]();
  }
}
