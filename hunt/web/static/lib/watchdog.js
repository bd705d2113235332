// Detects a dead connection by its missing heartbeats.

const HEARTBEAT = 15_000; // ms; the server sends at least one byte in this time
const SILENCE = 2.5 * HEARTBEAT; // ms without a byte after which a connection counts as dead

/** Calls `expired` once, after `SILENCE` without a byte. */
export class Watchdog {
  // Wall-clock time: timers and monotonic clocks stand still while a phone sleeps.
  #last = Date.now();
  #timer;
  #expired;

  constructor(expired) {
    this.#expired = expired;
    this.#schedule(SILENCE);
  }

  /** Note that a byte arrived. */
  heard() {
    this.#last = Date.now();
  }

  get silent() {
    return Date.now() - this.#last >= SILENCE;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #schedule(ms) {
    this.#timer = setTimeout(() => {
      if (this.silent) this.#expired();
      else this.#schedule(SILENCE - (Date.now() - this.#last));
    }, ms);
  }
}
