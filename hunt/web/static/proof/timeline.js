// The state of a finished hunt at each time: finds, stock and points.

/** The log as a sequence of events: rows, and rewards that were taken back. */
export class Timeline {
  /** @param {object[]} log rows of `verify`; times in microseconds */
  constructor(log) {
    const voids = log.filter((row) => row.void !== undefined).map((row) => ({ at: row.void, row, back: true }));
    this.events = [...log.map((row) => ({ at: row.at, row, back: false })), ...voids].sort((a, b) => a.at - b.at);
    this.start = this.events[0]?.at ?? 0;
    this.end = this.events.at(-1)?.at ?? 0;
    this.clear();
  }

  /** Go back to the beginning. */
  clear() {
    this.passed = 0; // events
    this.clicks = 0;
    this.granted = new Map();
    this.points = new Map();
  }

  /**
   * Go to a time; later than the present one, it passes `seen` the rows between.
   * @returns {boolean} whether the state was rebuilt from the beginning
   */
  goTo(at, seen) {
    const back = this.passed > 0 && this.events[this.passed - 1].at > at;
    if (back) this.clear();
    while (this.passed < this.events.length && this.events[this.passed].at <= at) {
      const event = this.events[this.passed++];
      this.#apply(event);
      if (!event.back) seen(event.row);
    }
    return back;
  }

  #apply({ row, back }) {
    if (!back) this.clicks += 1;
    if (row.prize === null) return;
    const sign = back ? -1 : 1;
    this.granted.set(row.prize, (this.granted.get(row.prize) ?? 0) + sign);
    if (row.player !== null) this.points.set(row.player, (this.points.get(row.player) ?? 0) + sign * row.points);
  }

  /** Return the players with the most points: `[pseudonym, points]`. */
  leaders(count) {
    return [...this.points].filter(([, points]) => points > 0).sort((a, b) => b[1] - a[1]).slice(0, count);
  }
}
