// Detects a dead connection by its missing heartbeats.

const HEARTBEATS = 2.5; // without a byte, after which a connection counts as dead
const SILENCE = HEARTBEATS * 15_000; // ms, at least; more where the server announces longer heartbeats
const LONGEST_TIMER = 2 ** 31 - 1; // ms; a longer one would fire at once

/** Calls `expired` once, after 2.5 heartbeats without a byte. */
export class Watchdog {
  // Wall-clock time: timers and monotonic clocks stand still while a phone sleeps.
  #last = Date.now();
  #silence = SILENCE;
  #timer;
  #expired;

  constructor(expired) {
    this.#expired = expired;
    this.#schedule();
  }

  /**
   * Expect at least one byte in 2.5 of these intervals.
   * @param {number | undefined} heartbeat seconds, as the server announced them
   */
  expect(heartbeat) {
    this.#silence = Math.max(SILENCE, HEARTBEATS * 1000 * (heartbeat ?? 0));
  }

  /** Note that a byte arrived. */
  heard() {
    this.#last = Date.now();
  }

  get silent() {
    return this.#left <= 0;
  }

  get #left() {
    return this.#silence - (Date.now() - this.#last);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #schedule() {
    this.#timer = setTimeout(
      () => {
        if (this.silent) this.#expired();
        else this.#schedule();
      },
      Math.min(this.#left, LONGEST_TIMER),
    );
  }
}
