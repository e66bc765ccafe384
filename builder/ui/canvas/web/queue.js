// Events on their way to Python. Each has a number; all that are not yet acknowledged travel together, so that none is lost
// where Streamlit merges two reruns, and Python takes each once.

export class Queue {
  constructor(send) {
    this.send = send;
    this.client = Math.random().toString(36).slice(2, 10);
    this.next = 1;
    this.pending = [];
  }

  push(type, body = {}) {
    this.pending.push({ seq: this.next++, type, ...body });
    this.flush();
  }

  flush() {
    if (this.pending.length) this.send({ client: this.client, events: this.pending });
  }

  // Forgets what Python has seen.
  acknowledge(client, seq) {
    if (client !== this.client) return;
    this.pending = this.pending.filter((event) => event.seq > seq);
  }

  // Positions that Python does not know yet, by node.
  moved() {
    const positions = {};
    for (const event of this.pending) {
      if (event.type === "move") Object.assign(positions, event.positions);
      if (event.type === "insert") positions[event.node] = [event.x, event.y];
    }
    return positions;
  }

  selects() {
    return this.pending.some((event) => event.type === "select");
  }
}
