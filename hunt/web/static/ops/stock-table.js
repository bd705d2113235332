// The table of prizes: what is left, beside the release plan, and the codes.

import { element } from "../shared/elements.js";
import { count, NOTHING } from "./format.js";

export class StockTable {
  #table;
  #rows;
  #legend;
  #codes = new Map(); // prize -> codes that are left

  /** @param {{table: Element, rows: Element, legend: Element}} page */
  constructor({ table, rows, legend }) {
    this.#table = table;
    this.#rows = rows;
    this.#legend = legend;
  }

  /** Show how many codes are left, by prize. */
  codes(all) {
    this.#codes = new Map(all.map((each) => [each.prize, each.left]));
  }

  /** @param {object[]} prizes of the state of the hunt */
  show(prizes) {
    const has = (what) => prizes.some(what);
    this.#table.classList.toggle("no-plan", !has((prize) => prize.plan !== null));
    this.#table.classList.toggle("no-codes", !has((prize) => prize.codes));
    this.#table.classList.toggle("no-stock", !has((prize) => prize.stock !== null));
    this.#legend.hidden = !has((prize) => prize.released !== null);
    this.#rows.replaceChildren(...prizes.map((prize) => this.#row(prize)));
  }

  #row(prize) {
    const { stock, stock_left: left } = prize;
    const gone = stock === null || left === null ? null : stock - left;
    const out = left === 0 && stock !== null;
    const title = element("th", { scope: "row" }, prize.title, " ", element("small", {}, prize.id));
    const cells = [
      gone === null ? "" : bar(prize, gone),
      stock === null ? "no limit" : out ? element("b", { className: "out" }, "sold out") : `${count(left)} of ${count(stock)}`,
      plan(prize, gone),
      prize.codes ? (this.#codes.has(prize.id) ? count(this.#codes.get(prize.id)) : "yes") : NOTHING,
    ];
    const labels = ["", "left", "plan", "codes left"];
    return element("tr", {}, title, ...cells.map((cell, number) => {
      const made = element("td", {}, cell);
      if (labels[number]) made.dataset.label = labels[number];
      return made;
    }));
  }
}

/** Return the bar of a stock: what is gone, and a mark where the plan is. */
function bar({ stock, released }, gone) {
  const share = (value) => `${Math.min(value / Math.max(stock, 1), 1) * 100}%`;
  const frame = element("div", { className: "stock" });
  frame.setAttribute("aria-hidden", "true"); // the cells beside it say the same
  const fill = element("span", { className: "gone" });
  fill.style.width = gone ? `max(${share(gone)}, 3px)` : "0"; // the first one can be seen, too
  frame.append(fill);
  if (released !== null) {
    const mark = element("span", { className: "planned" });
    mark.style.left = share(released);
    frame.append(mark);
  }
  return frame;
}

function plan({ plan: kind, released, stock }, gone) {
  if (kind === null) return NOTHING;
  if (released === null) return "winning moments";
  const allowed = stock === null ? released : Math.min(released, stock);
  if (gone === null) return `${count(allowed)} released`;
  const behind = allowed - gone;
  return behind > 0 ? `${count(allowed)} released, ${count(behind)} to be won` : `${count(allowed)} released, all won`;
}
