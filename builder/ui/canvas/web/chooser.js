// A searchable list over the page, for commands, components, nodes and ports. One is open at a time; it takes the focus and gives
// it back.
//
//   chooser.open({ items, onChoose, at, placeholder, empty, tall, onClose })
//
// An item: { id, title, about, keys, family, icon, group, also, impossible, later }
//   title, about   the first and the second line       keys     shown at the right
//   family         CSS class of a colour, else `icon`, the name of a Material symbol
//   group          a heading where nothing is searched, a mark at the row where something is
//   also           other words that find it            impossible, later   cannot be chosen; comes after all others
// `at` is a point of the page {x, y} (else the top middle); `onChoose(item)` comes after the focus is back, `onClose()` where
// nothing was chosen. `chooser.fill(items, empty)` gives an open list other items; what is being typed and marked stays.

import { make } from "./dom.js";
import { indexed, normal, rank, words } from "./search.js";

const MOST = 120; // rows that are drawn at once
const EDGE = 12; // px that stay free at the rim of the page

// The words of a text that a query names, apart from the others: [[text, marked], ...].
export function pieces(text, query) {
  const plain = normal(text);
  const found = plain.length === text.length ? words(query).map((word) => [plain.indexOf(word), word.length]).filter(([at]) => at >= 0) : [];
  if (!found.length) return [[text, false]];
  const [at, length] = found.sort((a, b) => b[1] - a[1])[0];
  return [[text.slice(0, at), false], [text.slice(at, at + length), true], [text.slice(at + length), false]].filter(([part]) => part);
}

// What a query leaves of items, the best first; what is marked `later` follows.
export function matching(index, query) {
  const found = words(query).length ? rank(index, query) : index.map(({ entry }) => entry);
  const items = found.map(({ item }) => item);
  return [...items.filter((item) => !item.later), ...items.filter((item) => item.later)];
}

// What of an item is searched.
export function searchable(item) {
  return indexed({ item, name: item.title, name_zh: "", id: String(item.id), keywords: item.also || "", family: item.group || "", help: item.about || "", help_zh: "" });
}

export class Chooser {
  constructor(root) {
    this.root = root;
    this.box = null;
  }

  get shown() {
    return this.box !== null;
  }

  open({ items, onChoose, at = null, placeholder = "", empty = "", tall = false, onClose = () => {} }) {
    this.close();
    Object.assign(this, { empty, onChoose, onClose, index: items.map(searchable), before: document.activeElement });
    this.input = make("input", {
      type: "text", class: "chooser-input", role: "combobox", placeholder, "aria-label": placeholder, "aria-expanded": "true", "aria-controls": "chooser-list",
      "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", oninput: () => this.draw(), onkeydown: (event) => this.key(event),
    });
    this.list = make("div", {
      class: "chooser-list", id: "chooser-list", role: "listbox", "aria-label": placeholder,
      onpointermove: (event) => this.point(event), onpointerdown: (event) => event.preventDefault(), onclick: (event) => this.pick(event),
    });
    this.box = make("div", { class: `chooser${at ? " at" : ""}${tall ? " tall" : ""}`, role: "dialog", "aria-modal": "true", "aria-label": placeholder }, this.input, this.list);
    this.back = make("div", { class: `chooser-back${at ? " at" : ""}`, onpointerdown: (event) => event.target === this.back && (event.preventDefault(), this.cancel()) }, this.box);
    this.root.append(this.back);
    this.draw();
    if (at) this.place(at);
    this.input.focus();
  }

  fill(items, empty = this.empty) {
    if (!this.box) return;
    const kept = this.items[this.chosen];
    Object.assign(this, { empty, index: items.map(searchable) });
    this.draw();
    const place = kept ? this.items.findIndex((item) => item.id === kept.id && !item.impossible) : -1;
    if (place > 0) this.mark(place);
  }

  // Beside a point, within the page.
  place({ x, y }) {
    const { width, height } = this.box.getBoundingClientRect();
    this.box.style.left = `${Math.max(EDGE, Math.min(x, window.innerWidth - width - EDGE))}px`;
    this.box.style.top = `${Math.max(EDGE, Math.min(y, window.innerHeight - height - EDGE))}px`;
  }

  close() {
    if (!this.box) return;
    const held = this.box.contains(document.activeElement);
    this.back.remove();
    this.box = this.back = null;
    if (held && this.before && this.before.isConnected) this.before.focus({ preventScroll: true });
  }

  cancel() {
    const { onClose } = this;
    this.close();
    onClose();
  }

  draw() {
    const query = this.input.value;
    const searched = words(query).length > 0;
    this.items = matching(this.index, query).slice(0, MOST);
    const rows = [];
    let group = null;
    this.items.forEach((item, place) => {
      if (!searched && item.group && item.group !== group) rows.push(make("div", { class: "chooser-group", role: "presentation" }, (group = item.group)));
      rows.push(this.row(item, place, searched ? query : ""));
    });
    if (!rows.length) rows.push(make("p", { class: "chooser-none", role: "status" }, this.empty.replace("{query}", query.trim())));
    this.list.replaceChildren(...rows);
    this.list.scrollTop = 0;
    this.mark(this.items.findIndex((item) => !item.impossible));
  }

  row(item, place, query) {
    const sign = item.icon && !item.family ? make("span", { class: "chooser-icon", "aria-hidden": "true", translate: "no" }, item.icon) : make("i", { class: "dot", "aria-hidden": "true" });
    const title = pieces(item.title, query).map(([part, marked]) => (marked ? make("b", {}, part) : part));
    const text = make("span", { class: "chooser-text" }, make("span", { class: "title" }, ...title));
    if (item.about) text.append(make("span", { class: "about" }, item.about));
    const row = make("div", {
      class: `chooser-row ${item.family || ""}`, id: `chooser-${place}`, role: "option", "data-place": place, "data-choice": item.id,
      "aria-selected": "false", "aria-disabled": item.impossible ? "true" : null,
    }, sign, text);
    if (query && item.group) row.append(make("span", { class: "mark" }, item.group));
    if (item.keys) row.append(make("kbd", {}, item.keys));
    return row;
  }

  rows() {
    return [...this.list.querySelectorAll(".chooser-row")];
  }

  mark(place) {
    this.chosen = place;
    this.rows().forEach((row, at) => row.setAttribute("aria-selected", String(at === place)));
    const row = this.rows()[place];
    if (row) this.input.setAttribute("aria-activedescendant", row.id);
    else this.input.removeAttribute("aria-activedescendant");
    if (row) row.scrollIntoView({ block: "nearest" });
    if (place === 0) this.list.scrollTop = 0; // with the heading above it
  }

  // On by so many rows, past what cannot be chosen, and round at the ends.
  step(by) {
    const possible = this.items.flatMap((item, place) => (item.impossible ? [] : [place]));
    if (!possible.length) return;
    const at = possible.indexOf(this.chosen) + by;
    const round = Math.abs(by) === 1;
    this.mark(possible[round ? (at + possible.length) % possible.length : Math.max(0, Math.min(possible.length - 1, at))]);
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.isComposing) return; // Enter takes over a Chinese word
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === "Enter") this.choose(this.items[this.chosen]);
    else if (event.key === "Escape") this.cancel();
    else if (event.key !== "Tab") return; // Tab leads nowhere else while the list is open
    event.preventDefault();
    event.stopPropagation();
  }

  point(event) {
    const row = event.target.closest(".chooser-row");
    const place = row ? Number(row.dataset.place) : this.chosen;
    if (place !== this.chosen && !this.items[place].impossible) this.mark(place);
  }

  pick(event) {
    const row = event.target.closest(".chooser-row");
    if (row) this.choose(this.items[Number(row.dataset.place)]);
  }

  choose(item) {
    if (!item || item.impossible) return;
    const { onChoose } = this;
    this.close();
    onChoose(item);
  }
}
