// The operator's actions: each is confirmed first, and its result is shown.

import { byId } from "../shared/elements.js";
import { act } from "./acts.js";
import { HuntTable } from "./hunt-table.js";

const OVERRIDES = {
  open: ["Hold the breaker open?", "All worker processes of this server refuse every click with 503 until the breaker is set to automatic."],
  closed: ["Hold the breaker closed?", "Clicks go to the database even if it fails. Nothing protects the database or the queue."],
  "": ["Set the breaker to automatic?", "It opens and closes by the health of the database. If an operator held it open, it probes at once."],
};

const DRAIN = "It refuses new clicks, ends its streams, commits queued clicks, and exits. hunt serve starts another process.";

export class Controls {
  #operator;
  #hunts;
  #process = null;

  /** @param {import("./operator.js").Operator} operator */
  constructor(operator) {
    this.#operator = operator;
    this.#hunts = new HuntTable({ rows: byId("hunts"), more: byId("more") }, operator, act);
    for (const button of document.querySelectorAll("[data-force]")) {
      const { force } = button.dataset;
      button.addEventListener("click", () => act(...OVERRIDES[force], () => this.#force(force || null)));
    }
    byId("drain").addEventListener("click", () => this.#drain(this.#process));
  }

  /** Set the process that the page shows, which is the one to drain. */
  shows(process) {
    this.#process = process;
  }

  /** Show the hunts; see `HuntTable.show`. */
  hunts(all) {
    this.#hunts.show(all);
  }

  async #force(force) {
    const { state, processes } = await this.#operator.post("/v1/admin/breaker", { force });
    return `The breaker is ${state}, ${force ? "held by an operator" : "automatic"}. Processes that applied it: ${processes}.`;
  }

  #drain(process) {
    act(`Drain process ${process}?`, DRAIN, async () => {
      await this.#operator.post(`/v1/admin/drain?process=${process}`);
      return `Process ${process} is draining.`;
    });
  }
}
