// A sheet to draw on with a pen, a finger or the keyboard: black, or a picture that is painted over. What was drawn are
// strokes, in shares of the sheet; Python makes the picture of them and sends what the model sees.
//
// Data: { strokes, revision, base, seen, ratio, colours, cell, texts }

import { make } from "./dom.js";
import { Delayed } from "./delayed.js";

const REST = 250; // ms
const LONG = 560; // pixels of the sheet's longer side
const NEAR = 0.004; // a pointer that moves less makes no new point
const WIDTHS = { min: 0.02, max: 0.3, step: 0.01, usual: 0.08 };
const ERASER = "#000000";

const share = (value) => Math.round(Math.min(Math.max(value, -1), 2) * 1e4) / 1e4;

class Pad {
  constructor(parent, { texts, ratio }) {
    this.strokes = [];
    this.past = [];
    this.future = [];
    this.erasing = false;
    this.colour = "#ffffff";
    this.width = WIDTHS.usual;
    this.delayed = new Delayed(REST);
    this.texts = texts;
    this.build(parent, ratio);
  }

  build(parent, ratio) {
    const { texts } = this;
    this.sheet = make("canvas", {
      class: "pad-sheet", tabindex: "0", role: "application", "aria-label": texts.sheet, "aria-describedby": "pad-keys",
      width: Math.round(ratio >= 1 ? LONG : LONG * ratio), height: Math.round(ratio >= 1 ? LONG / ratio : LONG),
      onpointerdown: (event) => this.press(event), onpointermove: (event) => this.move(event),
      onpointerup: (event) => this.release(event), onpointercancel: (event) => this.release(event),
      onkeydown: (event) => this.key(event), onblur: () => this.liftPen(), oncontextmenu: (event) => event.preventDefault(),
    });
    this.pen = this.tool("ink_pen", texts.pen, () => this.erase(false));
    this.eraser = this.tool("ink_eraser", texts.eraser, () => this.erase(true));
    this.undoing = this.tool("undo", texts.undo, () => this.turn(this.past, this.future));
    this.redoing = this.tool("redo", texts.redo, () => this.turn(this.future, this.past));
    this.clearing = this.tool("delete", texts.clear, () => this.clear());
    this.range = make("input", {
      type: "range", class: "pad-width", min: WIDTHS.min, max: WIDTHS.max, step: WIDTHS.step, "aria-label": texts.width, title: texts.width,
      oninput: () => this.setWidth(Number(this.range.value)),
    });
    this.picker = make("input", {
      type: "color", class: "pad-colour", value: this.colour, "aria-label": texts.colour, title: texts.colour,
      oninput: () => { this.colour = this.picker.value; this.erase(false); },
    });
    this.spoken = make("div", { class: "pad-hidden", "aria-live": "polite" });
    this.picture = make("img", { class: "pad-seen-picture", alt: texts.seen });
    this.seen = make("div", { class: "pad-seen" }, this.picture, make("span", {}, texts.seen));
    this.root = make("div", { class: "pad" },
      make("div", { class: "pad-frame" }, this.sheet, this.cross = make("i", { class: "pad-cross", "aria-hidden": "true" })),
      make("div", { class: "pad-tools", role: "toolbar", "aria-label": texts.tools },
        this.pen, this.eraser, this.picker, this.range, this.undoing, this.redoing, this.clearing),
      this.seen, make("p", { class: "pad-keys", id: "pad-keys" }, texts.keys), this.spoken);
    parent.append(this.root);
    this.cursor = { x: 0.5, y: 0.5, down: false };
    this.setWidth(this.width);
    this.erase(false);
  }

  tool(icon, text, run) {
    const sign = make("span", { class: "pad-icon", "aria-hidden": "true" }, icon);
    return make("button", { type: "button", class: "pad-tool", title: text, "aria-label": text, onclick: run }, sign);
  }

  close() {
    this.delayed.forget();
    this.root.remove();
  }

  // ---------------------------------------------------------------- from Python

  update({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    this.cell = data.cell;
    this.picker.hidden = !data.colours;
    this.seen.hidden = !data.seen;
    if (data.seen && this.picture.src !== data.seen) this.picture.src = data.seen;
    if (data.revision === this.revision) return; // strokes are the pad's own; only another beginning comes from Python
    this.revision = data.revision;
    this.delayed.forget();
    this.line = null;
    [this.strokes, this.past, this.future] = [data.strokes, [], []];
    this.base = null;
    if (data.base) {
      const base = new Image();
      base.onload = () => { this.base = base; this.draw(); };
      base.src = data.base;
    }
    this.draw();
  }

  // ---------------------------------------------------------------- to Python

  change(strokes) {
    this.past.push(this.strokes);
    this.future = [];
    this.set(strokes);
  }

  set(strokes) {
    this.strokes = strokes;
    this.draw();
    const revision = this.revision;
    this.delayed.later(() => this.trigger("drawing", { strokes: this.strokes, revision }));
  }

  turn(from, to) {
    if (!from.length) return;
    to.push(this.strokes);
    this.set(from.pop());
  }

  clear() {
    if (this.strokes.length) this.change([]);
    this.say(this.texts.cleared);
  }

  // ---------------------------------------------------------------- drawing

  erase(erasing) {
    this.erasing = erasing;
    this.pen.setAttribute("aria-pressed", String(!erasing));
    this.eraser.setAttribute("aria-pressed", String(erasing));
  }

  setWidth(width) {
    this.width = Math.min(Math.max(width, WIDTHS.min), WIDTHS.max);
    this.range.value = this.width;
    this.cross.style.setProperty("--pen", this.width);
  }

  begin(point, erasing) {
    this.line = { points: [point], width: Math.round(this.width * 1e3) / 1e3, colour: erasing ? ERASER : this.colour };
    this.change([...this.strokes, this.line]);
  }

  extend(point) {
    const last = this.line.points.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < NEAR) return;
    this.line = { ...this.line, points: [...this.line.points, point] };
    this.set([...this.strokes.slice(0, -1), this.line]);
  }

  at(event) {
    const { left, top, width, height } = this.sheet.getBoundingClientRect();
    return [share((event.clientX - left) / width), share((event.clientY - top) / height)];
  }

  press(event) {
    if (event.button !== 0 && event.button !== 5) return; // 5: the eraser of a pen
    event.preventDefault();
    this.sheet.focus({ preventScroll: true, focusVisible: false });
    this.sheet.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.liftPen();
    this.begin(this.at(event), this.erasing || event.button === 5);
  }

  move(event) {
    if (event.pointerId !== this.pointer || !this.line) return;
    const passed = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of passed.length ? passed : [event]) this.extend(this.at(each));
  }

  release(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.line = null;
  }

  // ---------------------------------------------------------------- the keyboard

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const letter = event.key.toLowerCase();
    if (steps) this.step(steps, event.shiftKey ? 4 : 1);
    else if (event.key === " " || event.key === "Enter") this.dip();
    else if ((event.ctrlKey || event.metaKey) && letter === "z") event.shiftKey ? this.redoing.click() : this.undoing.click();
    else if ((event.ctrlKey || event.metaKey) && letter === "y") this.redoing.click();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else if (letter === "e") this.erase(!this.erasing);
    else if (event.key === "[" || event.key === "]") this.setWidth(this.width + (event.key === "]" ? 0.02 : -0.02));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step([across, down], times) {
    const { cursor } = this;
    cursor.x = Math.min(Math.max(cursor.x + across * times * this.cell[0], 0), 1);
    cursor.y = Math.min(Math.max(cursor.y + down * times * this.cell[1], 0), 1);
    if (cursor.down && this.line) this.extend([share(cursor.x), share(cursor.y)]);
    this.place();
  }

  // Sets the pen down, or lifts it.
  dip() {
    if (this.cursor.down) this.liftPen();
    else {
      this.cursor.down = true;
      this.begin([share(this.cursor.x), share(this.cursor.y)], this.erasing);
    }
    this.place();
  }

  liftPen() {
    if (this.cursor.down) this.line = null;
    this.cursor.down = false;
    this.place();
  }

  place() {
    const { x, y, down } = this.cursor;
    this.cross.style.left = `${100 * x}%`;
    this.cross.style.top = `${100 * y}%`;
    this.cross.classList.toggle("is-down", down);
    this.say(`${down ? this.texts.down : this.texts.up} ${Math.round(100 * x)} % → ${Math.round(100 * y)} % ↓`);
  }

  say(text) {
    this.spoken.textContent = text;
  }

  // ---------------------------------------------------------------- the sheet

  draw() {
    const pen = this.sheet.getContext("2d");
    const { width, height } = this.sheet;
    const short = Math.min(width, height);
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingEnabled = false;
    if (this.base) pen.drawImage(this.base, 0, 0, width, height);
    pen.lineCap = "round";
    pen.lineJoin = "round";
    for (const { points, width: thick, colour } of this.strokes) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick * short;
      pen.beginPath();
      pen.moveTo(points[0][0] * width, points[0][1] * height);
      for (const [x, y] of points.length > 1 ? points : [points[0]]) pen.lineTo(x * width, y * height);
      pen.stroke();
    }
    this.undoing.disabled = !this.past.length;
    this.redoing.disabled = !this.future.length;
    this.clearing.disabled = !this.strokes.length;
  }
}

export default function (component) {
  const parent = component.parentElement;
  const ground = JSON.stringify([component.data.texts, component.data.ratio]);
  if (parent.pad && parent.ground !== ground) {
    parent.pad.close(); // another language, or pictures of another shape
    delete parent.pad;
  }
  parent.ground = ground;
  parent.pad ||= new Pad(parent, component.data);
  parent.pad.update(component);
  return () => {
    parent.pad?.close();
    delete parent.pad;
  };
}
