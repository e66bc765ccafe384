// Tells Python of changes after a short rest: what a person still draws or types is not answered stroke by stroke.

const LONGEST = 1000; // ms that a person who does not rest waits for an answer

export class Delayed {
  constructor(rest) {
    this.rest = rest;
    this.since = null;
  }

  // Runs `tell` after a rest; what was waiting is forgotten.
  later(tell) {
    const now = performance.now();
    this.since ??= now;
    this.tell = tell;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), Math.max(0, Math.min(this.rest, this.since + LONGEST - now)));
  }

  // Runs what waits.
  now() {
    const { tell } = this;
    this.forget();
    if (tell) tell();
  }

  forget() {
    clearTimeout(this.timer);
    this.tell = null;
    this.since = null;
  }
}
