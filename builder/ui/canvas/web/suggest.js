// A wire that was dropped beside all ports: a list of what fits there opens at that point, and Python fills it.

import { readViewport } from "./viewport.js";

const TALL = 390; // px that the full list takes: it does not move when it fills

export class Suggest {
  constructor(frame, queue, chooser, wires) {
    Object.assign(this, { frame, queue, chooser, wires, strings: {} });
    this.open = 0; // the number of the question that is open
  }

  ask(wire, x, y) {
    const view = readViewport(this.frame.doc);
    if (!view) return;
    const point = { x: (x - view.x) / view.k, y: (y - view.y) / view.k }, box = this.frame.element.getBoundingClientRect();
    const ends = { end: wire.pin, output: wire.out };
    this.open = Date.now();
    this.queue.push("suggest", { ...ends, number: this.open });
    this.wires.hang(wire.pin, wire.out, point);
    this.chooser.open({
      items: [],
      at: { x: box.left + x + (wire.out ? 10 : -350), y: Math.min(box.top + y - 19, window.innerHeight - TALL) },
      placeholder: this.strings.suggest_search,
      empty: this.strings.suggest_wait,
      onChoose: ({ id, port }) => {
        this.open = 0;
        this.queue.push("extend", { component: id, port, ...ends, ...point });
      },
      onClose: () => {
        this.open = 0;
        this.wires.hang(null);
      },
    });
  }

  update({ suggestions, strings }) {
    this.strings = strings;
    if (!this.open || suggestions.number !== this.open) return;
    this.open = 0;
    this.chooser.fill(suggestions.items, strings.suggest_none);
  }

  // A push has come: what was chosen is drawn.
  shown() {
    if (!this.chooser.shown) this.wires.hang(null);
  }
}
