// The iframe in which streamlit-flow lives. It is of the same origin, so the bridge styles it, listens in it, and stands between
// Streamlit and React Flow: what Python sends is joined with what the person is doing right now, and React Flow's own reports are
// kept from causing reruns.

import { bodies, chosenIn, endsOf, isBody, nodeOf, placeOf, wireId } from "./drawn.js";
import { listenHeld } from "./held.js";
import { Parts } from "./parts.js";
import { Snap } from "./snap.js";

const ALWAYS = 9e15; // a timestamp that streamlit-flow takes for newer than its own

const TO_DRAW = 150; // ms within which React Flow shows what was pushed

// Menus of the page close when one presses outside of them, which they cannot see happen in an iframe.
function closeMenus() {
  for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
    const Kind = type.startsWith("pointer") ? PointerEvent : MouseEvent;
    document.body.dispatchEvent(new Kind(type, { bubbles: true, button: 0 }));
  }
}

// Bootstrap's rule for whatever follows a legend makes the browser style all of the canvas anew where something comes or goes.
function dropSiblingRules(doc) {
  for (const sheet of doc.styleSheets) {
    for (let at = sheet.cssRules.length; at--; ) if (sheet.cssRules[at].selectorText === "legend + *") sheet.deleteRule(at);
  }
}

// Whether streamlit-flow runs: React notes at an element that it draws in it.
function started(doc) {
  return Object.keys(doc.getElementById("root") || {}).some((name) => name.startsWith("__reactContainer"));
}

// Streamlit-flow hands all nodes to a layout engine, and draws them again, once each of them has a size. This one never gets one.
const UNSIZED = { id: ".unsized", type: "default", position: { x: 0, y: 0 }, data: { content: "" }, style: { display: "none" }, selectable: false, focusable: false };

// streamlit-flow reports its whole state at every click, of which nothing is news to Streamlit.
function isReport(data) {
  return !!data && data.type === "streamlit:setComponentValue";
}

// What is selected, for comparing.
function selectionOf(nodes, edges) {
  return JSON.stringify([[...nodes].sort(), [...edges].sort()]);
}

export class Frame {
  constructor(queue, hooks) {
    this.queue = queue;
    this.hooks = hooks; // css(), language(), key(event), attached(), redrawn(), shown(envelope, state), viewport(), changed(), selected(nodes, edges), released(), connected(source, target), dropped(wire, x, y)
    this.snap = new Snap(this);
    this.element = null;
    this.doc = null;
    this.win = null;
    this.parts = [new Parts(), new Parts()]; // of the nodes and of the edges
    this.busy = false; // a node or a wire is being dragged
    this.held = null; // the latest push that came meanwhile
    this.args = null; // the graph that React Flow shows
    this.positions = new Map(); // by node, as Python knows them
    this.selection = ""; // nodes and wires, as Python knows them
    this.chosen = new Set(); // the selected nodes
    this.pushed = 0; // when the latest push came that changes something
    this.pressed = 0; // when the pointer last ended something
    this.ending = null; // what is still to be done for it
    this.wire = null; // the pin from which a wire is being drawn
    this.lifted = null; // the wire that was taken up at its target
    this.marked = null; // the wire into which something would go
  }

  close() {
    if (this.win && this.win.desk) Object.assign(this.win.desk, { incoming: null, outgoing: null, connect: null });
    for (const observer of [this.observer, this.drawings]) if (observer) observer.disconnect();
  }

  // Finds the iframe and settles in it; called again and again, because Streamlit may put a new one in its place.
  attach() {
    const element = document.querySelector(".st-key-canvas iframe");
    const win = element && element.contentWindow;
    const doc = element && element.contentDocument;
    if (!doc || !doc.head || doc.URL === "about:blank") return false;
    if (doc === this.doc && win.desk && win.desk.incoming === this.incoming) {
      this.watch();
      return true;
    }
    if (!win.desk) {
      if (started(doc)) {
        win.location.reload(); // streamlit-flow was quicker than the guard: once more, from the start
        return false;
      }
      const guard = doc.createElement("script");
      guard.textContent = FRAME_GUARD;
      doc.head.append(guard);
    }
    Object.assign(this, { element, win, doc, args: null, parts: [new Parts(), new Parts()], selection: "", positions: new Map(), busy: false, held: null, watched: null });
    this.incoming = (event) => this.fromPython(event.data);
    const { missed } = win.desk;
    Object.assign(win.desk, { incoming: this.incoming, outgoing: isReport, connect: (wire) => this.connect(wire), missed: null });
    if (missed) win.postMessage(missed, window.location.origin);
    this.style();
    this.snap.listen(win);
    listenHeld(win);
    const on = (type, handler) => doc.addEventListener(type, handler, true);
    // The name of a block in a card, and its chevron, are links: pressing one neither selects nor moves the node.
    for (const type of ["pointerdown", "mousedown", "click", "dblclick"]) {
      on(type, (event) => {
        const link = event.target.closest(".call b, .fold");
        if (!link) return;
        event.stopImmediatePropagation();
        if (type !== "click") return;
        const node = link.closest(".react-flow__node.body").dataset.id;
        if (link.classList.contains("fold")) this.queue.push("expand", { node });
        else this.queue.push("open", { node, parameter: link.parentElement.dataset.parameter });
      });
    }
    on("keydown", (event) => this.hooks.key(event));
    on("pointerdown", (event) => this.down(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    on("click", () => this.report());
    on("keyup", () => this.report());
    on("dblclick", (event) => {
      const node = event.target.closest(".react-flow__node.body");
      if (!node) return;
      event.preventDefault();
      event.stopPropagation();
      this.queue.push("open", { node: node.dataset.id });
    });
    this.hooks.attached();
    this.watch();
    return true;
  }

  style() {
    let sheet = this.doc.getElementById("desk-style");
    if (!sheet) {
      sheet = this.doc.createElement("style");
      sheet.id = "desk-style";
      this.doc.head.append(sheet);
    }
    const css = this.hooks.css();
    if (sheet.textContent !== css) sheet.textContent = css;
    // Set only where it differs: every write makes the browser style the whole canvas again.
    const root = this.doc.documentElement, theme = document.documentElement.dataset.desk || "light", language = this.hooks.language();
    if (root.dataset.desk !== theme) root.dataset.desk = theme;
    if (root.lang !== language) root.lang = language;
  }

  highlight(nodes, edges) {
    this.chosen = new Set(nodes);
    this.hooks.changed();
    this.markNear();
    this.hooks.selected(nodes, edges);
  }

  // Wires that touch a selected node stand out. Classes belong to React, so this is an attribute.
  markNear() {
    for (const wire of this.doc.querySelectorAll(".react-flow__edge")) {
      const near = endsOf(wireId(wire)).some((end) => this.chosen.has(nodeOf(end)));
      if (near !== "near" in wire.dataset) wire.toggleAttribute("data-near", near);
    }
  }

  watch() {
    const viewport = this.doc.querySelector(".react-flow__viewport");
    if (!viewport || viewport === this.watched) return;
    this.watched = viewport;
    if (this.observer) this.observer.disconnect();
    this.observer = new MutationObserver(() => this.hooks.viewport());
    this.observer.observe(viewport, { attributes: true, attributeFilter: ["style"] });
    this.hooks.viewport();
    dropSiblingRules(this.doc);
    if (this.drawings) this.drawings.disconnect();
    this.drawings = new MutationObserver(() => this.redrawn());
    this.drawings.observe(viewport, { childList: true, subtree: true });
    this.redrawn();
  }

  // React Flow has drawn something that was not there: it gets our marks before it is seen.
  redrawn() {
    this.markNear();
    this.hooks.redrawn();
  }

  // ---------------------------------------------------------------- Python -> React Flow

  // True keeps a message from React Flow.
  fromPython(data) {
    if (!data || data.type !== "streamlit:render" || !data.args || !data.args.nodes) return false;
    if (this.busy) {
      this.held = data;
      return true;
    }
    return this.merge(data.args);
  }

  // Puts what Python does not know yet over its graph. True where React Flow shows it all already and need not hear of it.
  merge(args) {
    const envelope = (args.layoutOptions || {}).envelope || {};
    this.queue.acknowledge(envelope.client, envelope.ack);
    const [nodes, edges] = this.parts.map((parts, at) => parts.take(at ? args.edges : args.nodes, envelope.kinds));
    Object.assign(args, { nodes: nodes.elements, edges: edges.elements });
    const moved = this.queue.moved();
    const positions = new Map();
    for (const node of args.nodes) {
      if (!isBody(node)) continue;
      const own = moved.get(node.id);
      if (own) node.position = { x: own[0], y: own[1] };
      positions.set(node.id, [node.position.x, node.position.y]);
    }
    if (this.queue.selects()) {
      const { nodes, edges } = chosenIn(this.doc);
      for (const node of args.nodes) node.selected = nodes.includes(node.id);
      for (const edge of args.edges) edge.selected = edges.includes(edge.id);
    }
    const first = this.args === null;
    const same = !first && !nodes.changed && !edges.changed && !this.differs(args);
    this.args = { ...args };
    args.nodes = [...args.nodes, UNSIZED];
    args.timestamp = ALWAYS;
    args.fitView = false;
    if (!same) this.pushed = performance.now();
    this.positions = positions;
    const [chosen, wires] = [args.nodes, args.edges].map((items) => items.filter((item) => item.selected).map((item) => item.id));
    this.selection = selectionOf(chosen, wires);
    this.highlight(chosen, wires);
    this.hooks.shown(envelope, { first, same });
    return same;
  }

  differs(args) {
    const shown = bodies(this.doc);
    for (const node of args.nodes) {
      if (!isBody(node)) continue;
      const element = shown.get(node.id);
      const at = element && placeOf(element, shown);
      if (!at || Math.abs(at[0] - node.position.x) > 0.2 || Math.abs(at[1] - node.position.y) > 0.2) return true;
      if (element.classList.contains("selected") !== !!node.selected) return true;
    }
    const marked = new Set(chosenIn(this.doc).edges);
    return args.edges.some((edge) => marked.has(edge.id) !== !!edge.selected);
  }

  // ---------------------------------------------------------------- React Flow -> Python

  // A wire was dropped on a port that can take it.
  connect({ source, target }) {
    if (this.lifted) this.queue.push("rewire", { wire: this.lifted.id, end: target });
    else this.queue.push("connect", { source, target });
    this.hooks.connected(source, target);
  }

  // Tells Python where nodes lie and what is selected, if that is news. React draws first: hence the two frames.
  report() {
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => requestAnimationFrame(() => this.reportNow()), 16);
  }

  reportNow() {
    if (this.busy || !this.args) return;
    if (performance.now() - this.pushed < TO_DRAW && this.differs(this.args)) {
      this.report(); // places that are not drawn yet are no news; what was pressed since the push is
      if (this.pressed < this.pushed) return;
    } else this.reportMoves();
    const { nodes, edges } = chosenIn(this.doc);
    this.highlight(nodes, edges);
    this.tell(nodes, edges);
  }

  reportMoves() {
    const moves = {}, shown = bodies(this.doc);
    for (const element of shown.values()) {
      const at = placeOf(element, shown), known = this.positions.get(element.dataset.id);
      if (at && known && (Math.abs(at[0] - known[0]) > 0.2 || Math.abs(at[1] - known[1]) > 0.2)) moves[element.dataset.id] = at;
    }
    if (!Object.keys(moves).length) return;
    for (const [node, at] of Object.entries(moves)) this.positions.set(node, at);
    this.hooks.changed();
    this.queue.push("move", { positions: moves });
  }

  tell(nodes, edges) {
    const selection = selectionOf(nodes, edges);
    if (selection === this.selection) return;
    this.selection = selection;
    this.queue.push("select", { nodes, edges });
  }

  // ---------------------------------------------------------------- pointer

  down(event) {
    closeMenus();
    if (event.button !== 0) return;
    const pin = event.target.closest(".react-flow__node.pin");
    this.lifted = null;
    this.wire = pin ? { pin: pin.dataset.id, out: pin.classList.contains("out"), waiting: this.queue.next } : null;
    this.busy = !!event.target.closest(".react-flow__node, .react-flow__nodesselection-rect");
    if (!this.wire) this.snap.begin(event);
    if (this.wire) this.doc.documentElement.dataset.wiring = this.wire.out ? "out" : "in";
  }

  // Marks the wire into which something would go.
  mark(edge) {
    if (this.marked && this.marked !== edge) this.marked.classList.remove("target");
    if (edge) edge.classList.add("target");
    this.marked = edge;
  }

  // A wire leaves its target and hangs on the pointer.
  lift(edge) {
    this.lifted = edge;
    this.wire = { pin: edge.source, out: true, waiting: this.queue.next };
    this.doc.documentElement.dataset.wiring = "out";
    this.fade(edge.id);
  }

  fade(id) {
    let sheet = this.doc.getElementById("desk-lifted");
    if (!sheet) sheet = this.doc.head.appendChild(Object.assign(this.doc.createElement("style"), { id: "desk-lifted" }));
    sheet.textContent = id ? `[data-testid="rf__edge-${CSS.escape(id)}"] { opacity: .2; }` : "";
  }

  up(event) {
    const wire = this.wire;
    this.wire = null;
    this.snap.end();
    delete this.doc.documentElement.dataset.wiring;
    if (this.lifted) this.fade(null);
    this.pressed = performance.now();
    // React Flow ends its own drag after this listener: give it the turn before a held push comes in.
    this.ending = () => {
      if (wire) this.wireEnded(wire, event.clientX, event.clientY);
      this.hooks.released();
      this.release();
    };
    setTimeout(() => this.finish(), 30);
  }

  // Ends what the pointer did, at once where a key follows.
  finish() {
    const end = this.ending;
    this.ending = null;
    if (end) end();
  }

  // What was being done is done: Python hears of it, and a push that was held back comes in.
  release() {
    this.busy = false;
    this.reportNow();
    this.report();
    if (!this.held) return;
    const data = this.held;
    this.held = null;
    this.win.postMessage(data, window.location.origin);
  }

  // A wire that ended elsewhere: dropped on a node rather than on a port, on a port that cannot take it, or beside all.
  wireEnded(wire, x, y) {
    if (this.queue.next !== wire.waiting) return; // Python has heard of it
    const hit = this.doc.elementFromPoint(x, y);
    const node = hit && hit.closest(".react-flow__node");
    if (this.lifted) return this.putDown(this.lifted, hit, node && node.dataset.id);
    const inside = node && wire.pin.startsWith(`${node.dataset.id}/`); // the ground of the frame that the wire is in
    if (inside || hit && !node && hit.closest(".react-flow__pane, .react-flow__edges, .react-flow__background")) return this.hooks.dropped(wire, x, y);
    if (!node || node.dataset.id === wire.pin || node.dataset.id === nodeOf(wire.pin)) return;
    const other = node.dataset.id;
    this.queue.push("connect", wire.out ? { source: wire.pin, target: other } : { source: other, target: wire.pin });
  }

  // A wire that was taken up: back where it was, at another node or port, or gone.
  putDown(edge, hit, end) {
    if (end && edge.source.startsWith(`${end}/`)) end = null; // the ground of the frame that the wire is in
    const own = [edge.source, edge.target].flatMap((pin) => [pin, nodeOf(pin)]);
    if (!hit || own.includes(end)) return;
    this.queue.push("rewire", { wire: edge.id, end });
  }
}
