// While a card is dragged it snaps to the edges and middles of others near by, and to where its wires run straight; lines show
// with what it lines up. With Alt it goes freely. React Flow drags by the mouse's moves: it gets to hear of one that is put right.

import { make } from "./dom.js";
import { bodies, positionOf } from "./drawn.js";
import { readViewport } from "./viewport.js";

const NEAR = 5; // px of the screen

// The least shift, within `near`, that brings one of `own` to one of `others` [{at}], with that one; null where none is near.
export function nearestLine(own, others, near) {
  let best = null;
  for (const other of others) {
    for (const place of own) {
      const shift = other.at - place;
      if (Math.abs(shift) <= near && (!best || Math.abs(shift) < Math.abs(best.shift))) best = { shift, ...other };
    }
  }
  return best;
}

// The lines of a box along one axis: its beginning, its middle and its end.
export function lines(start, length) {
  return [start, start + length / 2, start + length];
}

export class Snap {
  constructor(frame) {
    this.frame = frame;
    this.drag = null;
  }

  listen(win) {
    this.win = win;
    win.addEventListener("mousemove", (event) => this.move(event), true);
  }

  // A press on a card; what it may snap to does not change while it is dragged.
  begin(event) {
    const card = event.target.closest(".react-flow__node.body"), view = readViewport(this.frame.doc), args = this.frame.args;
    this.end();
    if (!card || !view || !args) return;
    const id = card.dataset.id, chosen = this.frame.chosen;
    const along = new Set(chosen.has(id) ? chosen : [id]);
    const places = new Map([...bodies(this.frame.doc)].map(([id, body]) => [id, positionOf(body)]));
    const nodes = new Map(args.nodes.map((node) => [node.id, node]));
    if (!places.get(id) || !nodes.has(id)) return; // not in the push any more
    const box = (node) => ({ x: places.get(node.id)[0], y: places.get(node.id)[1], w: node.width, h: node.height });
    const seen = { left: -view.x / view.k, top: -view.y / view.k, right: (this.win.innerWidth - view.x) / view.k, bottom: (this.win.innerHeight - view.y) / view.k };
    const inView = (b) => b.x < seen.right && b.x + b.w > seen.left && b.y < seen.bottom && b.y + b.h > seen.top;
    const others = args.nodes.filter((n) => places.get(n.id) && !along.has(n.id) && n.parentNode === nodes.get(id).parentNode).map(box).filter(inView);
    const middle = (pin) => places.get(pin.parentNode)[1] + pin.position.y + pin.height / 2;
    const straight = [];
    for (const { source, target } of args.edges) {
      const [from, to] = [nodes.get(source), nodes.get(target)];
      if (!from || !to || (from.parentNode === id) === (to.parentNode === id)) continue;
      const [own, other] = from.parentNode === id ? [from, to] : [to, from];
      if (places.get(other.parentNode) && !along.has(other.parentNode)) straight.push({ at: middle(other) - middle(own), straight: true });
    }
    this.drag = {
      mouse: [event.clientX, event.clientY], own: box(nodes.get(id)), straight,
      x: others.flatMap((b) => lines(b.x, b.w).map((at) => ({ at, box: b }))), y: others.flatMap((b) => lines(b.y, b.h).map((at) => ({ at, box: b }))),
    };
  }

  move(event) {
    if (!this.drag || this.passing || !event.isTrusted) return;
    const view = readViewport(this.frame.doc), { own, mouse } = this.drag;
    if (!view || event.altKey || !(event.buttons & 1)) return this.clear();
    const way = [(event.clientX - mouse[0]) / view.k, (event.clientY - mouse[1]) / view.k], near = NEAR / view.k;
    const now = { x: own.x + way[0], y: own.y + way[1], w: own.w, h: own.h };
    const across = nearestLine(lines(now.x, now.w), this.drag.x, near);
    const down = nearestLine([way[1]], this.drag.straight, near) || nearestLine(lines(now.y, now.h), this.drag.y, near);
    this.show(view, { ...now, x: now.x + (across ? across.shift : 0), y: now.y + (down ? down.shift : 0) }, across, down);
    if (!across && !down) return;
    event.stopImmediatePropagation();
    this.passing = true;
    event.target.dispatchEvent(new this.win.MouseEvent("mousemove", {
      bubbles: true, cancelable: true, composed: true, view: this.win, buttons: event.buttons, button: event.button, shiftKey: event.shiftKey,
      ctrlKey: event.ctrlKey, metaKey: event.metaKey, screenX: event.screenX, screenY: event.screenY,
      clientX: event.clientX + (across ? across.shift * view.k : 0), clientY: event.clientY + (down ? down.shift * view.k : 0),
    }));
    this.passing = false;
  }

  // Lines from the card to what it lines up with; a wire that runs straight shows itself.
  show(view, own, across, down) {
    this.clear();
    const line = (x, y, w, h) => {
      const guide = make("div", { class: "desk-guide" });
      guide.style.cssText = `left:${x * view.k + view.x}px;top:${y * view.k + view.y}px;width:${Math.max(1, w * view.k)}px;height:${Math.max(1, h * view.k)}px`;
      return guide;
    };
    const guides = [];
    if (across) {
      const top = Math.min(own.y, across.box.y), bottom = Math.max(own.y + own.h, across.box.y + across.box.h);
      guides.push(line(across.at, top, 0, bottom - top));
    }
    if (down && !down.straight) {
      const left = Math.min(own.x, down.box.x), right = Math.max(own.x + own.w, down.box.x + down.box.w);
      guides.push(line(left, down.at, right - left, 0));
    }
    this.guides = guides;
    this.frame.doc.body.append(...guides);
  }

  clear() {
    for (const guide of this.guides || []) guide.remove();
    this.guides = [];
  }

  end() {
    this.clear();
    this.drag = null;
  }
}
