// The menu of the right mouse button (or the menu key): the commands that fit a node, a wire or the empty canvas.

import { make } from "./dom.js";
import { bodyOf, nodeOf } from "./drawn.js";

const RIM = 8; // px that stay free at the rim of the page

export class Menu {
  constructor(root, frame, run) {
    Object.assign(this, { root, frame, run, box: null });
    this.away = (event) => this.box && !this.box.contains(event.target) && this.close(false);
    document.addEventListener("pointerdown", this.away, true);
  }

  dispose() {
    document.removeEventListener("pointerdown", this.away, true);
    this.close(false);
  }

  attach() {
    this.frame.doc.addEventListener("contextmenu", (event) => this.asked(event), true);
  }

  update({ commands, strings }) {
    Object.assign(this, { commands, label: strings.context_menu });
  }

  // What lies under the pointer is selected, unless it is among what is selected already.
  asked(event) {
    event.preventDefault();
    event.stopPropagation();
    const pin = event.target.closest(".react-flow__node.pin"), edge = event.target.closest(".react-flow__edge");
    const body = pin ? bodyOf(this.frame.doc, nodeOf(pin.dataset.id)) : event.target.closest(".react-flow__node.body");
    const thing = body || edge;
    if (thing && !thing.classList.contains("selected")) this.select(thing, event);
    const kinds = !body ? [edge ? "wire" : "canvas"] : body.classList.contains("is-block") ? ["block", "node"] : ["node"];
    const items = this.commands.filter((c) => c.menus.some((menu) => kinds.includes(menu)));
    const box = this.frame.element.getBoundingClientRect(), at = thing && !event.clientX ? thing.getBoundingClientRect() : null;
    this.open(items.map((c) => ({ ...c, impossible: kinds.includes("canvas") && !c.possible })), {
      x: box.left + (at ? at.left + 16 : event.clientX), y: box.top + (at ? at.top + 16 : event.clientY),
    });
  }

  // As a person's click does it: React Flow keeps what is selected to itself.
  select(element, { clientX, clientY }) {
    const target = element.querySelector(".react-flow__edge-interaction, .react-flow__edge-path") || element;
    for (const type of ["mousedown", "mouseup", "click"]) {
      target.dispatchEvent(new this.frame.win.MouseEvent(type, { bubbles: true, cancelable: true, button: 0, view: this.frame.win, clientX, clientY }));
    }
  }

  open(items, { x, y }) {
    this.close(false);
    if (!items.length) return;
    this.before = document.activeElement;
    const row = (item) => make("button", {
      type: "button", role: "menuitem", class: "menu-item", "data-command": item.name, tabindex: "-1", "aria-disabled": item.impossible ? "true" : null,
      onclick: () => this.choose(item), onpointermove: (event) => event.currentTarget.focus({ preventScroll: true }),
    }, make("span", { class: "menu-icon", "aria-hidden": "true", translate: "no" }, item.icon || ""), make("span", { class: "menu-label" }, item.label), make("kbd", {}, item.shown || ""));
    this.box = make("div", { class: "menu", role: "menu", "aria-label": this.label, onkeydown: (event) => this.key(event), oncontextmenu: (event) => event.preventDefault() }, ...items.map(row));
    this.root.append(this.box);
    const { width, height } = this.box.getBoundingClientRect();
    this.box.style.left = `${Math.max(RIM, Math.min(x, window.innerWidth - width - RIM))}px`;
    this.box.style.top = `${Math.max(RIM, Math.min(y, window.innerHeight - height - RIM))}px`;
    this.box.firstChild.focus({ preventScroll: true });
  }

  close(back = true) {
    if (!this.box) return;
    this.box.remove();
    this.box = null;
    if (back && this.before && this.before.isConnected) this.before.focus({ preventScroll: true });
  }

  key(event) {
    const rows = [...this.box.children], at = rows.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + rows.length, Home: 0, End: rows.length - 1 }[event.key];
    if (next !== undefined) rows[next % rows.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") this.close();
    else if (event.key === "Enter" || event.key === " ") document.activeElement.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(item) {
    if (item.impossible) return;
    this.close();
    this.run(item.name);
  }
}
