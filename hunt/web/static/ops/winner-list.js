// The winners as they happen, from the stream of the hunt's log.

import { EventStream } from "../lib/event-stream.js";
import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";

const MOST = 30; // rows; older ones are removed

const clock = (at) => new Date(at).toLocaleTimeString("en-GB");

export class WinnerList {
  #page;
  #operator;
  #hunt;
  #act;
  #stream = null;
  #wins = []; // newest first
  #titles = new Map();
  #voided = new Set(); // seqs
  #update = onFrame(() => this.#show());

  /**
   * @param {{rows: Element, empty: Element}} page
   * @param {import("./operator.js").Operator} operator
   * @param {string} hunt
   * @param {(question: string, consequence: string, action: () => Promise<string>) => Promise<boolean>} act
   */
  constructor(page, operator, hunt, act) {
    this.#page = page;
    this.#operator = operator;
    this.#hunt = hunt;
    this.#act = act;
  }

  titles(prizes) {
    this.#titles = new Map(prizes.map(({ id, title }) => [id, title]));
  }

  /** Follow the log from some rows ago on. */
  start(last) {
    const after = Math.max(last - 200, 0);
    this.#stream = new EventStream(this.#operator.session, `/v1/admin/hunts/${this.#hunt}/events?after=${after}`, {
      event: ({ event, data }) => event === "reward.granted" && this.#add(JSON.parse(data).data),
      state: () => {},
      countdown: () => {},
      refused: () => {}, // the page itself says so
    });
    this.#stream.restart();
  }

  stop() {
    this.#stream?.stop();
  }

  #add(win) {
    this.#wins.unshift(win);
    this.#wins.length = Math.min(this.#wins.length, MOST);
    this.#update();
  }

  #show() {
    const focused = document.activeElement?.dataset?.seq; // the focused button is about to be replaced
    this.#page.empty.hidden = this.#wins.length > 0;
    this.#page.rows.replaceChildren(...this.#wins.map((win) => this.#row(win)));
    if (focused) this.#page.rows.querySelector(`[data-seq="${focused}"]`)?.focus();
  }

  #row({ seq, player, prize, at }) {
    const cells = [this.#titles.get(prize) ?? prize, player];
    const row = element("tr", {}, element("th", { scope: "row" }, element("time", { dateTime: at }, clock(at))),
      ...cells.map((cell) => element("td", { className: "breaks" }, cell)));
    row.append(element("td", { className: "end" }, this.#button(seq, player, prize)));
    return row;
  }

  #button(seq, player, prize) {
    if (this.#voided.has(seq)) return "void";
    if (!this.#operator.mayAs("operator")) return "";
    const button = element("button", { type: "button" }, "Void");
    button.dataset.seq = seq;
    button.setAttribute("aria-label", `Void the reward ${seq} of ${player}`);
    button.addEventListener("click", () => this.#act(
      `Void the reward ${seq}?`,
      `${player} loses ${this.#titles.get(prize) ?? prize}, and the unit returns to the stock. A reward that was sent cannot be voided.`,
      async () => {
        await this.#operator.post(`/v1/admin/hunts/${this.#hunt}/rewards/void`, { seqs: [seq], reason: "voided on the operations page" });
        this.#voided.add(seq);
        this.#update();
        return `The reward ${seq} is void.`;
      },
    ));
    return button;
  }
}
