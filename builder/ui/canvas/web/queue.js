// Events on their way to Python. Each has a number; all that are not yet acknowledged travel together, so that none is lost
// where Streamlit merges two reruns, and Python takes each once.

const UNHEARD = 1500; // ms after which an event that Python has not seen is sent again, where nothing runs
const REMINDERS = 5; // at most, until one is seen

export class Queue {
  constructor(send) {
    this.send = send;
    this.client = Math.random().toString(36).slice(2, 10);
    this.next = 1;
    this.pending = [];
    this.sent = 0;
    this.reminders = 0; // since Python has last seen something
  }

  push(type, body = {}) {
    this.pending.push({ seq: this.next++, type, ...body });
    this.flush();
  }

  flush() {
    this.sent = performance.now();
    if (this.pending.length) this.send({ client: this.client, events: this.pending });
  }

  // Sends again what was not heard, as it happens where a run is broken off before it begins.
  remind(idle) {
    if (!this.pending.length || !idle || this.reminders === REMINDERS || performance.now() - this.sent < UNHEARD) return;
    this.reminders += 1;
    this.flush();
  }

  // Forgets what Python has seen.
  acknowledge(client, seq) {
    if (client !== this.client) return;
    this.reminders = 0;
    this.pending = this.pending.filter((event) => event.seq > seq);
  }

  // Positions that Python does not know yet, by node; a map, since a node may be called "constructor".
  moved() {
    const positions = new Map();
    for (const event of this.pending) {
      if (event.type === "move") for (const [node, at] of Object.entries(event.positions)) positions.set(node, at);
      if (event.type === "insert") positions.set(event.node, [event.x, event.y]);
    }
    return positions;
  }

  selects() {
    return this.pending.some((event) => event.type === "select");
  }
}
