// A table of a tree: rows that unfold, columns that sort (each row among its siblings), totals that stay in the last row.
//
// Data: { label, columns: [{ id, title, number }], rows: [{ path, parent, cells: { id: { text, value, share, title } } }], total: { cells },
//         selected: [path], fold, unfold }

import { make } from "./dom.js";

// Rows in the order of the tree, siblings sorted by a column; what is inside of folded rows is left out.
export function visible(rows, sort, open) {
  const inside = new Map();
  for (const row of rows) inside.set(row.parent, [...(inside.get(row.parent) || []), row]);
  const found = [];
  const value = (row) => (row.cells[sort.column] || {}).value ?? "";
  const walk = (parent, depth) => {
    const siblings = [...(inside.get(parent) || [])];
    if (sort.column) siblings.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (sort.down ? -1 : 1));
    for (const row of siblings) {
      const more = inside.has(row.path);
      found.push({ row, depth, more, open: more && open.has(row.path) });
      if (more && open.has(row.path)) walk(row.path, depth + 1);
    }
  };
  walk("", 0);
  return found;
}

class Table {
  constructor(parent) {
    this.open = new Set();
    this.sort = { column: "", down: true };
    this.head = make("thead");
    this.body = make("tbody", { onclick: (event) => this.click(event), onkeydown: (event) => this.key(event) });
    this.foot = make("tfoot");
    this.root = make("div", { class: "node-table", tabindex: "-1" }, this.table = make("table", {}, this.head, this.body, this.foot));
    parent.append(this.root);
  }

  update({ data, setTriggerValue }) {
    this.choose = (path) => setTriggerValue("chosen", path);
    const text = JSON.stringify(data);
    if (text === this.drawn) return;
    const moved = !this.data || JSON.stringify(this.data.selected) !== JSON.stringify(data.selected);
    this.drawn = text;
    this.data = data;
    this.table.setAttribute("aria-label", data.label);
    this.draw();
    if (moved) this.body.querySelector("tr[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const { columns, rows, total, selected } = this.data;
    this.head.replaceChildren(make("tr", {}, ...columns.map((column) => this.heading(column))));
    this.body.replaceChildren(...visible(rows, this.sort, this.open).map((item) => this.row(item, selected)));
    this.foot.replaceChildren(make("tr", {}, ...columns.map((column) => this.cell(column, total.cells[column.id] || {}))));
    if (focused) [...this.root.querySelectorAll("[data-key]")].find((e) => e.dataset.key === focused)?.focus({ preventScroll: true });
  }

  heading(column) {
    const sorted = this.sort.column === column.id ? (this.sort.down ? "descending" : "ascending") : "none";
    const button = make("button", { type: "button", "data-key": `sort_${column.id}`, onclick: () => this.sortBy(column) }, column.title);
    return make("th", { class: column.number ? "number" : null, scope: "col", "aria-sort": sorted, "data-column": column.id }, button);
  }

  // Numbers begin with the largest, words with the first; the third click brings the order of the data back.
  sortBy(column) {
    const first = Boolean(column.number);
    if (this.sort.column !== column.id) this.sort = { column: column.id, down: first };
    else if (this.sort.down === first) this.sort.down = !first;
    else this.sort = { column: "", down: true };
    this.draw();
  }

  row({ row, depth, more, open }, selected) {
    const cells = this.data.columns.map((column, index) => this.cell(column, row.cells[column.id] || {}, index ? null : { row, depth, more, open }));
    return make("tr", {
      "data-path": row.path, "data-key": `row_${row.path}`, tabindex: "0", "aria-level": String(depth + 1), "aria-expanded": more ? String(open) : null,
      "aria-selected": String(selected.includes(row.path)),
    }, ...cells);
  }

  cell(column, { text = "", title = null, share = null }, tree = null) {
    const parts = [text];
    if (tree) {
      const fold = make("i", { class: tree.more ? "fold" : "leaf", title: tree.more ? (tree.open ? this.data.fold : this.data.unfold) : null });
      parts.unshift(fold);
    }
    const style = [share ? `--share:${Math.min(share, 1)}` : "", tree ? `--depth:${tree.depth}` : ""].filter(Boolean).join(";");
    const kind = [column.number ? "number" : "", share ? "share" : "", tree ? "tree" : ""].filter(Boolean).join(" ");
    return make("td", { class: kind || null, title, style: style || null }, ...parts);
  }

  click(event) {
    const row = event.target.closest("tr");
    if (!row) return;
    if (event.target.closest(".fold")) this.turn(row.dataset.path);
    else this.choose(row.dataset.path);
  }

  turn(path, open = !this.open.has(path)) {
    if (open) this.open.add(path);
    else this.open.delete(path);
    this.draw();
  }

  key(event) {
    const row = event.target.closest("tr");
    if (!row) return;
    const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (next) next.focus();
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      if (row.hasAttribute("aria-expanded")) this.turn(row.dataset.path, event.key === "ArrowRight");
    } else if (event.key === "Enter" || event.key === " ") this.choose(row.dataset.path);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export default function (component) {
  const parent = component.parentElement;
  if (!parent.table) parent.table = new Table(parent);
  parent.table.update(component);
  const table = parent.table;
  return () => {
    table.root.remove();
    delete parent.table;
  };
}
