// The bridge between the canvas and Python. Python sends the graph through streamlit-flow and a few words through `data`; what a
// person does goes back as numbered events.

import { Chooser } from "./chooser.js";
import { Clipboard } from "./clipboard.js";
import { bodies, chosenIn } from "./drawn.js";
import { Drop } from "./drop.js";
import { Files } from "./files.js";
import { Finder } from "./finder.js";
import { Focus } from "./focus.js";
import { Frame } from "./frame.js";
import { Keyboard } from "./keyboard.js";
import { idle, make } from "./dom.js";
import { Menu } from "./menu.js";
import { Overlay } from "./overlay.js";
import { Pickup } from "./pickup.js";
import { Queue } from "./queue.js";
import { nameCanvas, namePage } from "./spoken.js";
import { Suggest } from "./suggest.js";
import { readViewport, setViewport } from "./viewport.js";
import { Ways } from "./ways.js";
import { Wires } from "./wires.js";

const POLL = 500; // ms between two looks at what is loading
const NAMES = 600; // ms between two looks for parts of the page that have no name yet
const INSTANT = 24; // ms after which a new view has been drawn
const LATE = 400; // ms after which no push will come any more

class Bridge {
  constructor(parent) {
    this.root = make("div", { class: "desk-overlay" });
    parent.append(this.root);
    this.data = null;
    this.view = null;
    this.queue = new Queue((payload) => this.send(payload));
    this.frame = new Frame(this.queue, {
      css: () => CARD_CSS + "\n" + (this.data ? this.data.families : "") + "\n" + (window.deskPaint || "") + "\n" + fonts(),
      language: () => (this.data ? this.data.language : "en"),
      key: (event) => this.keyboard.press(event, false),
      shown: (envelope, state) => this.shown(envelope, state),
      viewport: () => this.moved(),
      attached: () => {
        this.wires.attach();
        this.clipboard.attach();
        this.menu.attach();
        this.pickup.attach();
        this.files.attach(this.frame.doc);
      },
      selected: (nodes, edges) => this.wires.show(nodes, edges),
      released: () => this.pickup.released(),
      connected: (source, target) => this.wires.join(source, target),
      dropped: (wire, x, y) => this.suggest.ask(wire, x, y),
      changed: () => this.overlay.changed(),
      redrawn: () => this.data && nameCanvas(this.frame.doc, this.data.strings),
    });
    this.overlay = new Overlay(this.root, this.frame, (name) => this.queue.push("command", { name }));
    this.chooser = new Chooser(this.root);
    this.clipboard = new Clipboard(this.frame, this.queue, this.overlay);
    this.menu = new Menu(this.root, this.frame, (name) => this.keyboard.run(name));
    this.wires = new Wires(this.frame);
    this.ways = new Ways();
    this.pickup = new Pickup(this.frame, this.queue);
    this.suggest = new Suggest(this.frame, this.queue, this.chooser, this.wires);
    this.drop = new Drop(this.root, this.frame, this.queue, this.overlay);
    this.files = new Files(() => this.keyboard.run("upload"));
    this.focus = new Focus(this.frame);
    this.finder = new Finder({
      chooser: this.chooser, frame: this.frame, focus: this.focus, menu: this.menu, queue: this.queue, overlay: this.overlay,
      add: (component) => this.drop.add(component), run: (name) => this.keyboard.run(name),
    });
    this.keyboard = new Keyboard(this);
    this.onKey = (event) => this.keyboard.press(event, true);
    document.addEventListener("keydown", this.onKey, true);
    this.onWays = () => this.ways.take(window.layerloomWays);
    document.addEventListener("layerloom-ways", this.onWays);
    if (window.layerloomWays) this.onWays();
    this.timer = setInterval(() => this.tick(), 150);
    this.namer = setInterval(() => this.data && namePage(this.data), NAMES);
    this.eager = setInterval(() => this.frame.attach() && clearInterval(this.eager), 8);
  }

  close() {
    clearInterval(this.timer);
    clearInterval(this.namer);
    clearInterval(this.eager);
    document.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("layerloom-ways", this.onWays);
    this.drop.close();
    this.files.close();
    this.clipboard.close();
    this.menu.dispose();
    this.ways.close();
    this.frame.close();
    this.root.remove();
    document.documentElement.classList.remove("desk-ready");
  }

  update({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    this.data = data;
    this.overlay.update(data);
    this.suggest.update(data);
    this.clipboard.update(data);
    this.menu.update(data);
    this.finder.update(data);
    this.keyboard.update(data);
    if (data.desk === this.desk) {
      if (data.focus.id !== this.focused) this.wanted = data.focus;
      if (data.arranged !== this.arranged) this.refit = true;
    }
    Object.assign(this, { desk: data.desk, focused: data.focus.id, arranged: data.arranged });
    setTimeout(() => this.go(), LATE); // where no push comes along
    namePage(data);
    if (this.frame.doc) nameCanvas(this.frame.doc, data.strings);
    this.tick();
  }

  send(payload) {
    if (this.trigger) this.trigger("events", payload);
  }

  tick() {
    if (this.data && this.data.waiting && performance.now() - (this.polled || 0) > POLL) {
      this.polled = performance.now();
      this.queue.push("poll");
    }
    this.queue.remind(idle());
    if (!this.frame.attach()) return;
    this.ways.attach(this.frame.doc);
    this.frame.style();
    if (this.view && !this.placed && readViewport(this.frame.doc) && bodies(this.frame.doc).size >= this.overlay.boxes().length && this.laidOut()) this.place();
    else if (this.view && !this.placed && !this.soon) {
      this.soon = requestAnimationFrame(() => {
        this.soon = 0;
        this.tick();
      });
    }
  }

  // ---------------------------------------------------------------- views

  // A push has come. Another graph or block brings its own viewport; the same one keeps what it has.
  shown(envelope, { first, same }) {
    if (envelope.view && (envelope.view !== this.view || first)) {
      this.view = envelope.view;
      this.placed = false;
      if (this.frame.element) this.frame.element.classList.remove("placed");
    }
    this.ways.view = this.view;
    setTimeout(() => this.tick(), INSTANT);
    if (!same) setTimeout(() => this.go(), 2 * INSTANT);
    setTimeout(() => {
      this.ways.settle();
      this.wires.settle();
      this.suggest.shown();
    }, 2 * INSTANT);
    setTimeout(() => this.keyboard.follow(), 2 * INSTANT);
    this.overlay.changed();
  }

  // Brings into view what was asked for, once it is drawn and no node or wire is being dragged.
  go() {
    if (!this.placed || this.frame.busy) return;
    if (this.refit) this.overlay.fit(true);
    else if (this.wanted) this.overlay.reveal(this.wanted.nodes, this.wanted.closer);
    else if (this.drop.reveal) this.overlay.reveal(chosenIn(this.frame.doc).nodes);
    this.refit = this.wanted = this.drop.reveal = null;
  }

  // Whether the canvas has its final size: the page's style sheet may come after the iframe.
  laidOut() {
    const size = [window.innerWidth, ...this.overlay.size].join();
    const same = size === this.lastSize;
    this.lastSize = size;
    return same && getComputedStyle(document.querySelector(".st-key-canvas")).position === "fixed";
  }

  place() {
    const kept = sessionStorage.getItem(`layerloom.view.${this.view}`);
    const view = kept ? JSON.parse(kept) : null;
    if (view && [view.x, view.y, view.k].every(Number.isFinite)) setViewport(this.frame.doc, view);
    else this.overlay.fit(false);
    this.placed = true;
    this.frame.element.classList.add("placed");
    document.documentElement.classList.add("desk-ready");
    this.overlay.changed();
  }

  moved() {
    this.overlay.looked();
    this.wires.move();
    if (!this.placed || !this.view) return;
    const view = readViewport(this.frame.doc);
    if (view) sessionStorage.setItem(`layerloom.view.${this.view}`, JSON.stringify(view));
  }
}

// The page's fonts for the iframe: the same letters everywhere.
function fonts() {
  if (fonts.css) return fonts.css;
  const rules = [];
  for (const sheet of document.styleSheets) {
    let list = [];
    try {
      list = sheet.cssRules;
    } catch {
      continue; // a sheet of another origin cannot be read
    }
    for (const rule of list) {
      if (!(rule instanceof CSSFontFaceRule) || !/Source (Sans|Code)/.test(rule.cssText)) continue;
      const base = sheet.href || document.baseURI;
      rules.push(rule.cssText.replace(/url\("?([^")]+)"?\)/g, (_, url) => `url("${new URL(url, base).href}")`));
    }
  }
  if (rules.length) fonts.css = rules.join("\n");
  return rules.join("\n");
}

export default function (component) {
  const parent = component.parentElement;
  if (!parent.desk) parent.desk = new Bridge(parent);
  const bridge = parent.desk;
  bridge.update(component);
  return () => {
    bridge.close();
    delete parent.desk;
  };
}
