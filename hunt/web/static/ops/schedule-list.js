// The schedule of a hunt, and the form for a new entry.

import { byId, element } from "../shared/elements.js";

export const WORDS = { open: "Open", pause: "Pause", resume: "Resume", close: "Close", announce: "Announce", release: "Release" };

export const moment = (at) => new Date(at).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export class ScheduleList {
  #page;
  #operator;
  #path;
  #act;
  #perform;

  /**
   * @param {{rows: Element, empty: Element, table: Element}} page
   * @param {import("./operator.js").Operator} operator
   * @param {string} hunt
   * @param {{act: Function, perform: Function}} acts
   */
  constructor(page, operator, hunt, { act, perform }) {
    this.#page = page;
    this.#operator = operator;
    this.#path = `/v1/admin/hunts/${hunt}/schedule`;
    this.#act = act;
    this.#perform = perform;
    const action = byId("schedule-action");
    action.addEventListener("change", () => this.#showFields());
    byId("schedule-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#showFields();
  }

  /** Offer the prizes for a release. */
  prizes(prizes) {
    const select = byId("schedule-prize");
    if (select.childElementCount === prizes.length) return;
    select.replaceChildren(...prizes.map(({ id, title }) => element("option", { value: id }, title)));
  }

  async read() {
    const { entries } = await this.#operator.get(this.#path);
    const order = (entry) => (entry.state === "waiting" ? 0 : 1);
    const shown = entries.sort((one, other) => order(one) - order(other) ||
      (order(one) ? other.at.localeCompare(one.at) : one.at.localeCompare(other.at))).slice(0, 30);
    this.#page.table.hidden = shown.length === 0;
    this.#page.empty.hidden = shown.length > 0;
    this.#page.rows.replaceChildren(...shown.map((entry) => this.#row(entry)));
  }

  #showFields() {
    const action = byId("schedule-action").value;
    byId("schedule-text-field").hidden = action !== "announce";
    byId("schedule-release-fields").hidden = action !== "release";
  }

  async #submit() {
    const action = byId("schedule-action").value;
    const entry = { action, at: new Date(byId("schedule-at").value).toISOString() };
    if (action === "announce") entry.text = byId("schedule-text").value.trim() || null;
    if (action === "release") {
      entry.prize = byId("schedule-prize").value;
      entry.count = Number(byId("schedule-count").value);
    }
    const done = await this.#perform(async () => {
      await this.#operator.post(this.#path, entry);
      return `${WORDS[action]} is scheduled for ${moment(entry.at)}.`;
    });
    if (!done) return;
    byId("schedule-form").reset();
    this.#showFields();
    await this.read();
  }

  #row(entry) {
    const { id, at, action, state, reason } = entry;
    const end = element("td", { className: "end" });
    if (state !== "waiting") end.append(reason ? `${state}: ${reason}` : state);
    else if (this.#operator.mayAs("operator")) {
      const button = element("button", { type: "button" }, "Remove");
      button.setAttribute("aria-label", `Remove ${WORDS[action]} at ${moment(at)}`);
      button.addEventListener("click", () => this.#remove(id, action, at));
      end.append(button);
    } else end.append(state);
    return element("tr", { className: state === "waiting" ? "" : "settled" },
      element("th", { scope: "row" }, element("time", { dateTime: at }, moment(at))),
      element("td", { className: "breaks" }, titleOf(entry)), end);
  }

  async #remove(id, action, at) {
    const done = await this.#act(`Remove the entry?`, `${WORDS[action]} at ${moment(at)} does not happen.`, async () => {
      await this.#operator.delete(`${this.#path}/${id}`);
      return "The entry is removed.";
    });
    if (done) await this.read();
  }
}

/** Return an entry as text. */
export function titleOf({ action, text, prize, count }) {
  if (action === "announce") return text === null ? "Withdraw the announcement" : `Announce “${text}”`;
  if (action === "release") return `Release ${count} of ${prize}`;
  return WORDS[action];
}
