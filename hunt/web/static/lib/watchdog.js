// Tells a connection that is quiet from one that is dead.

const HEARTBEAT = 15_000; // ms; the server says something at least so often
const SILENCE = 2.5 * HEARTBEAT;

/** Barks once, after silence. */
export class Watchdog {
  // The clock on the wall: the others stand still while a phone sleeps.
  #last = Date.now();
  #timer;
  #bark;

  constructor(bark) {
    this.#bark = bark;
    this.#watch(SILENCE);
  }

  /** There was a byte. */
  heard() {
    this.#last = Date.now();
  }

  get silent() {
    return Date.now() - this.#last >= SILENCE;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #watch(ms) {
    this.#timer = setTimeout(() => {
      if (this.silent) this.#bark();
      else this.#watch(SILENCE - (Date.now() - this.#last));
    }, ms);
  }
}
