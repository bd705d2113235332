// The steps of the check, in plain words.

import { element } from "../shared/elements.js";
import { STEPS } from "./verify.js";

const WORDS = {
  file: ["The file is complete", "It has every line from the first seal to the end of the hunt."],
  seals: [
    "The hunt is the sealed one",
    "A seal is a fingerprint of everything that decides: the secret seed, places, odds, the order of the prizes, limits and release plans. They are public now, and give the same fingerprint.",
  ],
  chain: [
    "The log is whole",
    "Each entry of the log contains the fingerprint of all entries before it. Change, remove, insert or move one, and every later fingerprint is another one.",
  ],
  codes: ["The codes are the sealed ones", "Where a prize hands out codes, they are those that were sealed, and none was given twice."],
  draws: [
    "Every click got what it drew",
    "The number of each click follows from the seed, the click and the player. With the odds at the position it gives the prize; with stock, moments and limits it decides who gets it. All of it is computed again here.",
  ],
  receipts: ["Your receipts fit", "The answers that you kept are rows of this log, and nothing before them was changed since."],
};

/** Shows the state of each step. */
export class StepList {
  #items = new Map();

  /** @param {HTMLElement} list */
  constructor(list) {
    for (const step of STEPS) {
      const [title, text] = WORDS[step];
      const said = element("span", {});
      const wrong = element("p", { className: "wrong", hidden: true });
      const item = element("li", { id: `step-${step}`, hidden: step === "receipts" }, element("h3", {}, element("span", {}, title, said)), element("p", {}, text), wrong);
      this.#items.set(step, { item, said, wrong });
      list.append(item);
    }
  }

  /** Show that the steps are being checked. */
  begin() {
    for (const [step] of this.#items) this.#set(step, "waiting", "");
    this.#items.get("receipts").item.hidden = true;
  }

  /**
   * Show the result.
   * @param {object} failures by step
   * @param {boolean} receipts whether receipts were checked
   */
  show(failures, receipts) {
    this.#items.get("receipts").item.hidden = !receipts;
    for (const [step] of this.#items) {
      if (failures[step]) this.#set(step, "fails", "does not hold", failures[step]);
      else this.#set(step, "holds", "holds");
    }
  }

  #set(step, state, said, failure = "") {
    const { item, said: out, wrong } = this.#items.get(step);
    item.dataset.state = state;
    out.textContent = said && `: ${said}`;
    wrong.textContent = failure;
    wrong.hidden = !failure;
  }
}
