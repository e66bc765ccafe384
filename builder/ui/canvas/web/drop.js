// Cards from the palette: dragged onto the canvas, onto a wire, or added by click and key.

import { make } from "./dom.js";
import { chosenIn, wireAt, wireId } from "./drawn.js";
import { readViewport } from "./viewport.js";

export const GRIP = { x: 14, y: 14 }; // where in the new node the pointer comes to lie
const NODE = { w: 216, h: 84 };

export function cardOf(event) {
  return event.composedPath().find((element) => element.dataset && element.dataset.component) || null;
}

// A free place near `wish`, in flow coordinates: downwards until nothing is in the way.
export function freePlace(wish, boxes, size = NODE) {
  const place = { ...wish };
  for (let tries = 0; tries < 60; tries++) {
    const other = boxes.find((b) => place.x < b.x + b.w + 16 && place.x + size.w + 16 > b.x && place.y < b.y + b.h + 16 && place.y + size.h + 16 > b.y);
    if (!other) break;
    place.y = other.y + other.h + 28;
  }
  return place;
}

export class Drop {
  constructor(root, frame, queue, overlay) {
    Object.assign(this, { root, frame, queue, overlay });
    this.listeners = [
      ["dragstart", (event) => this.start(event)],
      ["dragend", () => this.end()],
      ["click", (event) => this.click(event)],
      ["keydown", (event) => {
        if ((event.key === "Enter" || event.key === " ") && cardOf(event)) {
          event.preventDefault();
          this.add(cardOf(event).dataset.component);
        }
      }],
    ];
    for (const [type, handler] of this.listeners) document.addEventListener(type, handler, true);
  }

  close() {
    for (const [type, handler] of this.listeners) document.removeEventListener(type, handler, true);
    this.end();
  }

  start(event) {
    const card = cardOf(event);
    if (!card || !this.frame.element) return;
    event.dataTransfer.setData("text/plain", card.dataset.component);
    event.dataTransfer.effectAllowed = "copy";
    // The overlay must not appear within dragstart: Chromium would cancel the drag.
    setTimeout(() => this.open(card), 0);
  }

  open(card) {
    this.end();
    const box = this.frame.element.getBoundingClientRect();
    const ghost = make("div", { class: `desk-ghost ${card.dataset.family}`, hidden: true }, make("span", {}, card.dataset.label));
    const area = make("div", { class: "desk-drop" }, ghost);
    area.style.cssText = `left:${box.left}px;top:${box.top}px;width:${box.width}px;height:${box.height}px`;
    area.addEventListener("dragover", (event) => {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      const k = (readViewport(this.frame.doc) || { k: 1 }).k;
      ghost.hidden = false;
      ghost.style.cssText = `left:${event.clientX - box.left - GRIP.x * k}px;top:${event.clientY - box.top - GRIP.y * k}px;width:${NODE.w * k}px;height:${NODE.h * k}px;font-size:${13 * k}px`;
      this.frame.mark(wireAt(this.frame.doc, event.clientX - box.left, event.clientY - box.top));
    });
    area.addEventListener("dragleave", () => {
      ghost.hidden = true;
      this.frame.mark(null);
    });
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      this.land(card.dataset.component, event.clientX - box.left, event.clientY - box.top);
      this.end();
    });
    this.area = area;
    this.root.append(area);
  }

  land(component, x, y) {
    const view = readViewport(this.frame.doc) || { x: 0, y: 0, k: 1 };
    const wire = wireAt(this.frame.doc, x, y);
    this.queue.push("add", {
      component,
      x: (x - view.x) / view.k - GRIP.x,
      y: (y - view.y) / view.k - GRIP.y,
      wire: wire ? wireId(wire) : null,
    });
  }

  end() {
    this.frame.mark(null);
    if (this.area) this.area.remove();
    this.area = null;
  }

  click(event) {
    const card = cardOf(event);
    if (card) this.add(card.dataset.component);
  }

  // Beside the selected node where there is room in view, else in the middle of what is seen.
  add(component) {
    const view = readViewport(this.frame.doc), [width, height] = this.overlay.size;
    if (!view) return;
    const boxes = this.overlay.boxes(), { nodes } = chosenIn(this.frame.doc);
    const chosen = boxes.filter((b) => nodes.includes(b.id));
    const seen = { left: -view.x / view.k, top: -view.y / view.k, right: (width - view.x) / view.k, bottom: (height - view.y) / view.k };
    const inside = (p) => p.x >= seen.left && p.x + NODE.w <= seen.right && p.y >= seen.top && p.y + NODE.h <= seen.bottom;
    const middle = { x: (seen.left + seen.right - NODE.w) / 2, y: (seen.top + seen.bottom - NODE.h) / 2 };
    let place = chosen.length === 1 ? freePlace({ x: chosen[0].x + chosen[0].w + 64, y: chosen[0].y }, boxes) : null;
    if (!place || !inside(place)) place = freePlace(middle, boxes);
    this.queue.push("add", { component, x: place.x, y: place.y, wire: null });
    this.reveal = true;
  }
}
