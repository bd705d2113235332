// The last quarter of an hour of one process, as columns: what a plot wants.

const GAP = 3; // s without a sample, after which a line is broken

/** Samples of one process, the oldest first; those of another process are a new history. */
export class History {
  times = [];
  #columns; // name -> what it reads of a sample, and its values
  #kept;
  #process = null;

  /**
   * @param {Record<string, (sample: object) => number | null>} columns
   * @param {number} kept samples, at most
   */
  constructor(columns, kept) {
    this.#columns = new Map(Object.entries(columns).map(([name, read]) => [name, { read, values: [] }]));
    this.#kept = kept;
  }

  add(sample) {
    if (sample.process !== this.#process) {
      this.#process = sample.process;
      this.#cut(0);
    }
    const last = this.times.at(-1);
    if (last !== undefined && sample.at <= last) return; // a clock that was set back
    if (sample.at - last > GAP) this.#push(last + 1, () => null);
    this.#push(sample.at, (read) => read(sample));
    this.#cut(this.#kept);
  }

  column(name) {
    return this.#columns.get(name).values;
  }

  #push(at, value) {
    this.times.push(at);
    for (const { read, values } of this.#columns.values()) values.push(value(read));
  }

  #cut(length) {
    const old = this.times.length - length;
    if (old <= 0) return;
    this.times.splice(0, old);
    for (const { values } of this.#columns.values()) values.splice(0, old);
  }
}
