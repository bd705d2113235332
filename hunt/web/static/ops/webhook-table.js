// The table of webhooks, which is read again every few seconds.

import { element } from "../shared/elements.js";
import { plural } from "../shared/plural.js";
import { count, NOTHING, time } from "./format.js";

const INTERVAL = 5000; // milliseconds

export class WebhookTable {
  #operator;
  #page;
  #hunt;
  #timer = null;

  /**
   * @param {import("./operator.js").Operator} operator
   * @param {{card: Element, rows: Element, hunt?: string}} page `hunt`: show the webhooks of this hunt only
   */
  constructor(operator, { card, rows, hunt }) {
    this.#operator = operator;
    this.#page = { card, rows };
    this.#hunt = hunt;
  }

  /** Read the webhooks now and regularly. Without webhooks, or without the right to read them, the table is hidden. */
  start() {
    this.stop();
    if (!this.#operator.mayAs("operator", "designer", "fulfilment", "support")) return;
    this.#timer = setInterval(() => document.hidden || this.#read(), INTERVAL);
    this.#read();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.#page.card.hidden = true;
  }

  async #read() {
    try {
      const path = this.#hunt === undefined ? "/v1/admin/webhooks" : `/v1/admin/hunts/${this.#hunt}/webhooks`;
      const { webhooks } = await this.#operator.get(path);
      if (this.#timer !== null) this.#show(webhooks);
    } catch {
      // The page itself says if the server or the database does not answer.
    }
  }

  #show(webhooks) {
    this.#page.card.hidden = webhooks.length === 0;
    this.#page.rows.replaceChildren(...webhooks.map(row));
  }
}

function row(webhook) {
  const cells = [
    new URL(webhook.url).host, webhook.log, count(webhook.behind), webhook.behind ? time(webhook.lag) : NOTHING,
    state(webhook), next(webhook), count(webhook.dead),
  ];
  const head = element("th", { scope: "row" }, `${webhook.hunt} ${webhook.id}`);
  return element("tr", {}, head, ...cells.map((cell) => element("td", {}, cell)));
}

function state({ stopped, attempts, last_error: error, last_status: status }) {
  if (stopped) return stopped === "gone" ? "stopped: the receiver answered 410" : "stopped by an operator";
  if (attempts) return `failed ${plural(attempts, "time")}: ${error}`;
  return status === null ? "nothing sent yet" : `delivered (${status})`;
}

function next({ stopped, attempts, next_attempt: at }) {
  if (stopped || !attempts || at === null) return NOTHING;
  const seconds = Math.max((new Date(at) - Date.now()) / 1000, 0);
  return seconds ? `in ${time(Math.round(seconds))}` : "now";
}
