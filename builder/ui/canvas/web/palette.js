// The palette: families that fold, cards that can be dragged, and a search that answers while one types.

import { make } from "./dom.js";
import { indexed, rank } from "./search.js";

const KEPT = "layerloom.palette";

class Palette {
  constructor(parent) {
    this.query = "";
    this.open = new Set(JSON.parse(localStorage.getItem(KEPT) || "[]"));
    this.input = make("input", {
      type: "search", autocomplete: "off", spellcheck: "false",
      oninput: () => this.search(this.input.value),
      onkeydown: (event) => this.key(event),
    });
    this.count = make("span", { class: "desk-count" });
    this.list = make("div", { class: "desk-list" });
    this.root = make("div", { class: "desk-palette" }, make("label", { class: "desk-search" }, this.input, make("kbd", {}, "/")), this.list);
    parent.append(this.root);
  }

  update(data) {
    this.data = data;
    this.index = data.entries.map(indexed);
    this.root.entries = data.entries; // for the list of all commands, which offers them too
    this.input.placeholder = data.strings.search;
    this.input.setAttribute("aria-label", data.strings.search);
    this.draw();
  }

  search(query) {
    this.query = query;
    this.draw();
    this.list.scrollTop = 0;
  }

  key(event) {
    const cards = [...this.list.querySelectorAll("[data-component]")];
    if (event.key === "ArrowDown" && cards.length) {
      event.preventDefault();
      cards[0].focus();
    } else if (event.key === "Enter" && cards.length && this.query.trim()) {
      cards[0].click();
    } else if (event.key === "Escape") {
      if (this.query) {
        this.input.value = "";
        this.search("");
      } else document.querySelector(".st-key-canvas iframe")?.focus();
    } else return;
    event.stopPropagation();
  }

  walk(event) {
    const cards = [...this.list.querySelectorAll("[data-component], .desk-family")];
    const at = cards.indexOf(event.currentTarget);
    const next = event.key === "ArrowDown" ? cards[at + 1] : event.key === "ArrowUp" ? cards[at - 1] || this.input : null;
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  card(entry, tagged) {
    const zh = this.data.language === "zh";
    const label = zh ? entry.name_zh : entry.name;
    const card = make("div", {
      class: `desk-card ${entry.slug}${entry.broken ? " broken" : ""}`, draggable: entry.broken ? "false" : "true", tabindex: "0", role: "button",
      "aria-disabled": entry.broken ? "true" : null, "data-component": entry.broken ? null : entry.id, "data-label": label, "data-family": entry.slug,
      title: `${label}\n${zh ? entry.help_zh : entry.help}`, onkeydown: (event) => this.walk(event),
    }, make("span", { class: "name" }, label));
    if (tagged) card.append(make("span", { class: "tag" }, entry.family_label));
    return card;
  }

  draw() {
    if (!this.data) return;
    const parts = [];
    if (this.query.trim()) {
      const found = rank(this.index, this.query).slice(0, 60);
      if (!found.length) parts.push(make("p", { class: "desk-none" }, this.data.strings.search_none.replace("{query}", this.query.trim())));
      parts.push(...found.map((entry) => this.card(entry, true)));
    } else {
      for (const family of this.data.families) {
        const open = this.open.has(family.name) !== family.always; // the set holds what was turned round
        const entries = this.data.entries.filter((e) => e.family === family.name);
        parts.push(make("button", {
          class: `desk-family ${family.slug}`, type: "button", "aria-expanded": String(open), "data-key": `family_${family.slug}`,
          onclick: () => this.fold(family.name), onkeydown: (event) => this.walk(event),
        }, make("i", { class: "dot" }), make("span", {}, family.label), make("span", { class: "desk-count" }, String(entries.length))));
        if (open) parts.push(make("div", { class: "desk-cards" }, ...entries.map((entry) => this.card(entry, false))));
      }
    }
    this.list.replaceChildren(...parts);
  }

  fold(name) {
    if (this.open.has(name)) this.open.delete(name);
    else this.open.add(name);
    localStorage.setItem(KEPT, JSON.stringify([...this.open]));
    const focused = document.activeElement && document.activeElement.dataset.key;
    this.draw();
    if (focused) this.list.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }
}

export default function (component) {
  const parent = component.parentElement;
  if (!parent.palette) parent.palette = new Palette(parent);
  parent.palette.update(component.data);
  const palette = parent.palette;
  return () => {
    palette.root.remove();
    delete parent.palette;
  };
}
