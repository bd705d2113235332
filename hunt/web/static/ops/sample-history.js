// The samples of the last 15 minutes of the server, as columns for the plots.

const MAX_GAP = 3; // s between two samples, above which the line is interrupted

/** Holds samples, oldest first; one that is not newer than the last is ignored. */
export class SampleHistory {
  times = [];
  #columns; // name -> {read, values}
  #capacity;

  /**
   * @param {Record<string, (sample: object) => number | null>} columns name -> function that reads the value
   * @param {number} capacity maximum number of samples
   */
  constructor(columns, capacity) {
    this.#columns = new Map(Object.entries(columns).map(([name, read]) => [name, { read, values: [] }]));
    this.#capacity = capacity;
  }

  add(sample) {
    const last = this.times.at(-1);
    if (last !== undefined && sample.at <= last) return; // known, or the clock was set back
    if (sample.at - last > MAX_GAP) this.#push(last + 1, () => null);
    this.#push(sample.at, (read) => read(sample));
    this.#truncate(this.#capacity);
  }

  /** Return the values of a column. */
  column(name) {
    return this.#columns.get(name).values;
  }

  #push(at, value) {
    this.times.push(at);
    for (const { read, values } of this.#columns.values()) values.push(value(read));
  }

  /** Remove the oldest samples beyond `length`. */
  #truncate(length) {
    const excess = this.times.length - length;
    if (excess <= 0) return;
    this.times.splice(0, excess);
    for (const { values } of this.#columns.values()) values.splice(0, excess);
  }
}
