// What floats over the canvas: zoom buttons, map, notices, the list of shortcuts and the hint of an empty desk.

import { make } from "./dom.js";
import { roomBelow } from "./drawn.js";
import { Minimap } from "./map.js";
import { covers, fitting, fittingBeside, glide, readViewport, revealing, setViewport } from "./viewport.js";

const SVG = "http://www.w3.org/2000/svg";

function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

const ICONS = {
  out: "M3 8h10", in: "M3 8h10M8 3v10", fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  map: "M2.5 4.5l3.5-1.5 4 1.5 3.5-1.5v8.5L10 13l-4-1.5L2.5 13z M6 3v8.5M10 4.5V13", keys: "M6.2 6.1a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.3M8 11.6v.1",
};

// What may float over the canvas, and covers what lies there.
const FLOATS = ".desk-zoom, .desk-map, .st-key-edit_tools, .st-key-crumbs, .st-key-heat_legend, .st-key-training_legend";
const CLEAR = 8; // px around it

// What the list of shortcuts holds: [title, [[keys, what they do], ...]], gestures first, then the commands in their groups.
function sections({ strings, commands }) {
  const gestures = ["gestures_mouse", "gestures_keys"].map((name) => [strings[name], strings[`${name}_list`].split("\n").map((line) => line.split(" | "))]);
  const groups = new Map();
  for (const { group, shown, label } of commands.filter((command) => command.shown)) {
    groups.set(group, [...(groups.get(group) || []), [shown.replace(/\+(?=.)/g, " + "), label]]);
  }
  return [...gestures, ...groups];
}

export class Overlay {
  constructor(root, frame, command) {
    this.root = root;
    this.frame = frame;
    this.command = command;
    this.strings = {};
    this.seen = 0;
    const button = (name, action) => make("button", { class: "desk-tool", type: "button", "data-key": name, onclick: action }, icon(ICONS[name === "minimap" ? "map" : name === "shortcuts" ? "keys" : name.replace("zoom_", "")]));
    this.level = make("button", { class: "desk-level", type: "button", "data-key": "zoom_reset", onclick: () => this.zoom(1, true) }, "100%");
    this.buttons = {
      zoom_out: button("zoom_out", () => this.zoom(1 / 1.25)), zoom_in: button("zoom_in", () => this.zoom(1.25)),
      fit: button("fit", () => this.fit(true)), minimap: button("minimap", () => this.toggleMap()),
      shortcuts: button("shortcuts", () => this.toggleKeys()),
    };
    const b = this.buttons;
    this.bar = make("div", { class: "desk-zoom" }, b.zoom_out, this.level, b.zoom_in, b.fit, b.minimap, b.shortcuts);
    this.map = new Minimap(frame);
    this.notices = make("div", { class: "desk-notices", "aria-live": "polite" });
    this.keys = make("div", { class: "desk-keys", role: "region", hidden: true });
    this.empty = make("div", { class: "desk-empty", hidden: true });
    this.root.append(this.bar, this.map.element, this.notices, this.keys, this.empty);
    this.showMap(localStorage.getItem("layerloom.map") !== "off");
  }

  update(data) {
    const strings = (this.strings = { ...data.strings, ...Object.fromEntries(data.commands.map((c) => [c.name, [c.label, c.shown].join("  ").trim()])) });
    for (const [name, button] of Object.entries(this.buttons)) {
      button.title = strings[name];
      button.setAttribute("aria-label", strings[name]);
    }
    this.map.element.setAttribute("aria-label", strings.minimap);
    this.level.title = strings.zoom_reset;
    this.keys.setAttribute("aria-label", strings.shortcuts);
    this.explain(data);
    for (const notice of data.notices) {
      if (notice.id > this.seen) this.say(notice.text, notice.kind);
      this.seen = Math.max(this.seen, notice.id);
    }
  }

  // Writes the list of shortcuts and the hint of an empty desk, where they say something else than before.
  explain(data) {
    const lists = sections(data), hint = [data.strings.empty_title, data.strings.empty_hint];
    const said = JSON.stringify([lists, hint, data.starters]);
    if (said === this.said) return;
    this.said = said;
    const row = ([keys, what]) => make("div", {}, make("span", {}, what), make("kbd", {}, keys));
    this.keys.replaceChildren(make("div", { class: "columns" }, ...lists.map(([title, rows]) => make("section", {}, make("h4", {}, title), ...rows.map(row)))));
    this.empty.replaceChildren(make("strong", {}, hint[0]), make("span", {}, hint[1]), this.firstSteps(data.starters));
  }

  // What an empty graph can begin with, a button each.
  firstSteps(starters) {
    const buttons = starters.map(({ name, label, about, icon }) =>
      make("button", { type: "button", class: "desk-starter", "data-key": name, onclick: () => this.command(name) },
        make("i", { "aria-hidden": "true" }, icon), make("strong", {}, label), make("span", {}, about)));
    return make("div", { class: "desk-starters" }, ...buttons);
  }

  say(text, kind) {
    const close = () => {
      item.classList.add("gone");
      setTimeout(() => item.remove(), 200);
    };
    const item = make("div", { class: `desk-notice ${kind}`, role: kind === "error" ? "alert" : "status", onclick: close }, make("span", {}, text));
    this.notices.append(item);
    while (this.notices.children.length > 3) this.notices.firstChild.remove();
    setTimeout(close, kind === "error" ? 9000 : 3500);
  }

  // ---------------------------------------------------------------- viewport

  get size() {
    const element = this.frame.element;
    return element ? [element.clientWidth, element.clientHeight] : [800, 600];
  }

  // The boxes of cards on the canvas: those of these ids, or all that lie in no frame.
  boxes(ids) {
    const all = new Map((this.frame.args ? this.frame.args.nodes : []).map((n) => [n.id, n]));
    const nodes = ids ? ids.filter((id) => all.has(id)).map((id) => all.get(id)) : [...all.values()].filter((n) => !n.parentNode);
    const place = (n, axis) => (this.frame.positions.get(n.id) || [n.position.x, n.position.y])[axis] + (n.parentNode ? place(all.get(n.parentNode), axis) : 0);
    return nodes.map((n) => ({ id: n.id, x: place(n, 0), y: place(n, 1), w: n.width, h: n.height + roomBelow(n), family: n.className, selected: this.frame.chosen.has(n.id) }));
  }

  // Where something floats over the canvas, in its pixels.
  floats() {
    const canvas = this.frame.element.getBoundingClientRect();
    const boxes = [...document.querySelectorAll(FLOATS)].map((element) => element.getBoundingClientRect()).filter((box) => box.width);
    return boxes.map((box) => ({ x: box.left - canvas.left - CLEAR, y: box.top - canvas.top - CLEAR, w: box.width + 2 * CLEAR, h: box.height + 2 * CLEAR }));
  }

  // As close to these nodes as shows them whole.
  approach(ids) {
    const boxes = this.boxes(ids);
    if (boxes.length) glide(this.frame.doc, fittingBeside(this.floats(), boxes, ...this.size, { most: 1.5 }));
  }

  fit(smooth) {
    const target = fittingBeside(this.floats(), this.boxes(), ...this.size);
    if (smooth) glide(this.frame.doc, target);
    else setViewport(this.frame.doc, target);
  }

  reveal(ids, closer = false) {
    const view = readViewport(this.frame.doc), boxes = this.boxes(ids);
    if (!view || !boxes.length) return;
    const size = this.size;
    const base = closer && view.k < 0.5 ? fitting(boxes, ...size, { most: 0.8 }) : view;
    const left = Math.min(...boxes.map((b) => b.x)), top = Math.min(...boxes.map((b) => b.y));
    const box = { x: left, y: top, w: Math.max(...boxes.map((b) => b.x + b.w)) - left, h: Math.max(...boxes.map((b) => b.y + b.h)) - top };
    const nearest = revealing(base, box, ...size), floats = this.floats();
    const beside = covers(floats, nearest, boxes) ? fittingBeside(floats, boxes, ...size, { most: base.k, least: base.k }) : nearest;
    const target = covers(floats, beside, boxes) ? nearest : beside;
    if (Math.abs(target.x - view.x) + Math.abs(target.y - view.y) > 1 || target.k !== view.k) glide(this.frame.doc, target);
  }

  zoom(factor, absolute) {
    const view = readViewport(this.frame.doc);
    if (!view) return;
    const [width, height] = this.size;
    const k = Math.min(2, Math.max(0.1, absolute ? factor : view.k * factor));
    const middle = [(width / 2 - view.x) / view.k, (height / 2 - view.y) / view.k];
    glide(this.frame.doc, { x: width / 2 - middle[0] * k, y: height / 2 - middle[1] * k, k }, 140);
  }

  // ---------------------------------------------------------------- map

  toggleMap() {
    this.showMap(this.map.hidden);
  }

  showMap(on) {
    localStorage.setItem("layerloom.map", on ? "on" : "off");
    this.map.hidden = !on;
    this.buttons.minimap.setAttribute("aria-pressed", String(on));
    this.changed();
  }

  toggleKeys(on = this.keys.hidden) {
    this.keys.hidden = !on;
    this.buttons.shortcuts.setAttribute("aria-pressed", String(on));
  }

  // The graph is another, or lies elsewhere, or something else is selected.
  changed() {
    this.stale = true;
    this.looked();
  }

  // Another part of the canvas is in view.
  looked() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    const view = readViewport(this.frame.doc);
    if (!view) return;
    const size = this.size, level = `${Math.round(view.k * 100)}%`;
    if (this.level.textContent !== level) this.level.textContent = level;
    if (this.stale) {
      const boxes = this.boxes();
      this.stale = false;
      this.empty.hidden = boxes.length > 0 || !this.frame.args;
      this.map.show(boxes);
    }
    if (!this.map.hidden) this.map.look(view, size);
  }
}
