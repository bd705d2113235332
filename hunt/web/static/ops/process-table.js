// The table of the server's worker processes.

import { element } from "../shared/elements.js";
import { count, share } from "./format.js";

export class ProcessTable {
  #rows;
  #totals;

  /** @param {{rows: Element, totals: Element}} page table sections */
  constructor({ rows, totals }) {
    this.#rows = rows;
    this.#totals = totals;
  }

  /**
   * @param {object[]} samples the newest of each process
   * @param {number | undefined} shown id of the process that the page shows
   */
  show(samples, shown) {
    this.#rows.replaceChildren(...samples.map((each) =>
      row(each.process === shown ? `${each.process} (this one)` : `${each.process}`, [
        share(each.utilization), count(each.clicks), count(each.refused), count(each.queue), count(streams(each)),
        each.draining ? "draining" : each.breaker.state,
      ]),
    ));
    const sum = (read) => samples.reduce((total, each) => total + read(each), 0);
    this.#totals.replaceChildren(row(`${samples.length} in total`, [
      `${share(sum((each) => each.utilization) / (samples.length || 1))} on average`,
      count(sum((each) => each.clicks)), count(sum((each) => each.refused)), count(sum((each) => each.queue)),
      count(sum(streams)), "",
    ]));
  }
}

const streams = (sample) => sample.parked + sample.awake + sample.sockets;

function row(head, cells) {
  return element("tr", {}, element("th", { scope: "row" }, head), ...cells.map((cell) => element("td", {}, cell)));
}
