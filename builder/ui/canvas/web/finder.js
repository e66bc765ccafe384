// What the searchable list offers: commands, pages, components to add and nodes to go to; the ports that a node can be wired to,
// and its wires.

import { around, bodies, chosenIn, isBody, nodeOf, wireOf } from "./drawn.js";

// All nodes that lie behind a node, following wires forwards (or backwards).
export function beyond(node, edges, backwards = false) {
  const found = new Set([node]);
  for (const at of found) {
    for (const { source, target } of edges) {
      const [from, to] = backwards ? [target, source] : [source, target];
      if (nodeOf(from) === at) found.add(nodeOf(to));
    }
  }
  found.delete(node);
  return found;
}

// The pairs of pins [own, other] that a wire could join without a circle or another kind, with the wires that lie at the input.
// What waits for a wire comes first; then the nearest.
export function joins(node, pins, edges, distance) {
  const has = (pin, name) => pin.className.split(" ").includes(name);
  const found = [];
  for (const own of pins.filter((pin) => nodeOf(pin.id) === node && !has(pin, "missing"))) {
    const out = has(own, "out"), barred = beyond(node, edges, out);
    for (const other of pins) {
      if (nodeOf(other.id) === node || around(other.id) !== around(node) || barred.has(nodeOf(other.id)) || has(other, "missing") || has(other, "out") === out || has(other, "schedule") !== has(own, "schedule")) continue;
      const [source, target] = out ? [own, other] : [other, own];
      const wires = edges.filter((edge) => edge.target === target.id);
      if (wires.some((edge) => edge.source === source.id)) continue;
      const taken = wires.length > 0 && !has(target, "many");
      const ownNeed = (has(own, "used") ? 3 : 0) + (out ? 1 : has(own, "optional") ? 2 : 0);
      const otherNeed = (has(other, "used") ? 2 : 0) + (has(other, "optional") ? 1 : 0);
      found.push({ own, other, source: source.id, target: target.id, wires, taken, many: has(target, "many"), order: [taken ? 1 : 0, ownNeed, own.id, otherNeed, distance(nodeOf(other.id))] });
    }
  }
  const before = (a, b) => (a === b ? 0 : a < b ? -1 : 1);
  return found.sort((a, b) => a.order.map((value, at) => before(value, b.order[at])).find(Boolean) || 0);
}

export class Finder {
  constructor({ chooser, frame, focus, menu, queue, overlay, add, run }) {
    Object.assign(this, { chooser, frame, focus, menu, queue, overlay, add, run });
    this.data = null;
  }

  update(data) {
    this.data = data;
  }

  say(name, values = {}) {
    return Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), this.data.strings[`finder_${name}`]);
  }

  open(items, placeholder, empty) {
    const choose = (item) => {
      item.act();
      if (document.activeElement === document.body) this.focus.to(null); // it came from nowhere: now it is on the canvas
    };
    this.chooser.open({ items, placeholder, empty, onChoose: choose });
  }

  // Everything: what one can do, where one can go, what one can add.
  all() {
    this.open([...this.commands(), ...this.pages(), ...this.nodes(this.say("go")), ...this.components()], this.say("all"), this.say("none"));
  }

  find() {
    this.open(this.nodes(""), this.say("nodes"), this.data.outline.length ? this.say("none") : this.say("no_nodes"));
  }

  // ---------------------------------------------------------------- what there is

  commands() {
    return this.data.commands.filter(({ name }) => !["palette", "escape"].includes(name)).map((command) => ({
      id: command.name, title: command.label, also: command.also, keys: command.shown, icon: command.icon, group: command.group,
      impossible: !command.possible, act: () => this.run(command.name),
    }));
  }

  pages() {
    return [...document.querySelectorAll(".st-key-nav a")].map((link, place) => ({
      id: `page_${place}`, title: link.textContent.trim(), icon: "arrow_forward", group: this.say("pages"), act: () => link.click(),
    }));
  }

  // The components as the palette has them.
  entries() {
    return document.querySelector(".desk-palette")?.entries || [];
  }

  label(entry) {
    return this.data.language === "zh" ? entry.name_zh : entry.name;
  }

  components() {
    return this.entries().map((entry) => ({
      id: entry.id, title: this.label(entry), about: entry.family_label, also: `${entry.name} ${entry.name_zh} ${entry.keywords}`,
      family: entry.slug, group: this.say("add"), act: () => this.add(entry.id),
    }));
  }

  // The nodes, those of the open part first.
  nodes(group) {
    const byId = new Map(this.entries().map((entry) => [entry.id, entry]));
    const items = this.data.outline.map(([path, name, component]) => this.nodeItem(path, name, component, byId.get(component), group));
    return [...items.filter((item) => this.here(item.path)), ...items.filter((item) => !this.here(item.path))];
  }

  // Whether a node is in the open part itself.
  here(path) {
    const { scope } = this.data;
    return path.length === scope.length + 1 && scope.every((step, at) => step === path[at]);
  }

  nodeItem(path, name, component, entry, group) {
    const id = path.at(-1), block = component.startsWith("block:");
    const label = entry ? this.label(entry) : this.data.strings[component] || component.replace("block:", "");
    const way = path.length > 1 ? this.say("in", { path: path.slice(0, -1).join(" / ") }) : "";
    return {
      id: path.join("/"), path, title: name || id, about: [label, way].filter(Boolean).join(" · "), group,
      also: [id, component.replace("block:", ""), ...(entry ? [entry.name, entry.name_zh, entry.keywords] : [])].join(" "),
      family: entry ? entry.slug : block || component.startsWith("port_") ? "fam-block" : "fam-unknown",
      act: () => this.queue.push("show", { path }),
    };
  }

  // ---------------------------------------------------------------- wires

  // Of one node: the ports that it can be wired to. Two nodes are wired at once, from left to right.
  connect() {
    const { nodes } = chosenIn(this.frame.doc);
    const places = new Map(this.overlay.boxes([...bodies(this.frame.doc).keys()]).map((box) => [box.id, box]));
    if (nodes.length === 2) {
      const [source, target] = nodes.sort((a, b) => places.get(a).x - places.get(b).x);
      this.queue.push("connect", { source, target });
    }
    if (nodes.length !== 1 || !this.frame.args) return;
    const [node] = nodes;
    const apart = (other) => {
      const a = places.get(node), b = places.get(other);
      return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : Infinity;
    };
    const pins = this.frame.args.nodes.filter((element) => !isBody(element));
    const found = joins(node, pins, this.frame.args.edges, apart);
    const colours = new Map(this.frame.args.nodes.map((element) => [element.id, /fam-[\w-]+/.exec(element.className)?.[0]]));
    const words = this.words();
    const items = found.map(({ own, other, source, target, wires, taken, many }) => ({
      id: `${source}->${target}`, title: own.id === source ? target : source, group: own.id === source ? `${own.id} →` : `→ ${own.id}`,
      about: taken ? this.say("replaces", { ends: wires[0].source }) : this.wired(other, many), family: colours.get(other.id), later: taken,
      also: words.get(nodeOf(other.id).split("/").at(-1)) || "", act: () => this.queue.push("connect", { source, target }),
    }));
    this.open(items, this.say("connect", { node }), this.say("no_ports"));
  }

  wired(pin, many) {
    const ends = this.frame.args.edges.flatMap(({ source, target }) => (source === pin.id ? [target] : target === pin.id ? [source] : []));
    if (ends.length) return this.say("wired", { ends: ends.slice(0, 3).join(", ") });
    return many ? this.say("takes") : this.say("free");
  }

  // By what else the nodes of the open part are found.
  words() {
    const open = this.nodes("").filter(({ path }) => this.here(path));
    return new Map(open.map(({ path, title, also }) => [path.at(-1), `${title} ${also}`]));
  }

  // At once, as a click on it does; a push that comes before React has drawn must not undo it.
  selectWire(id) {
    const wire = wireOf(this.frame.doc, id);
    if (!wire) return;
    this.menu.select(wire, { clientX: 0, clientY: 0 });
    this.frame.tell([], [id]);
  }

  // Selects one of a node's wires, to look at it or to delete it.
  wires() {
    const { nodes } = chosenIn(this.frame.doc);
    if (!nodes.length || !this.frame.args) return;
    const touching = this.frame.args.edges.filter(({ source, target }) => nodes.includes(nodeOf(source)) || nodes.includes(nodeOf(target)));
    const items = touching.map(({ id, source, target, className }) => ({
      id, title: `${source} → ${target}`, family: /fam-[\w-]+/.exec(className)?.[0], act: () => this.selectWire(id),
    }));
    this.open(items, this.say("wires"), this.say("no_wires"));
  }
}
