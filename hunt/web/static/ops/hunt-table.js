// The table of hunts, with the actions that each allows. The doors of a campaign are one group.

import { element } from "../shared/elements.js";
import { plural } from "../shared/plural.js";

const ACTIONS = {
  open: ["Open", "Players can click."],
  pause: ["Pause", "Clicks are refused until the hunt is opened again."],
  close: ["Close", "The hunt ends permanently: its seed becomes public, and it cannot be opened again."],
  delete: ["Delete", "The hunt and all its versions are deleted. The audit trail keeps a record."],
};

/** Actions on all doors of a campaign. */
const CAMPAIGN_ACTIONS = {
  open: ["Open", "All doors that are not over are opened. Each takes clicks at its own times."],
  pause: ["Pause", "All doors that are not over refuse clicks until the campaign is opened again."],
  close: ["Close", "All doors end permanently, also those that are still coming: their seeds become public."],
  delete: ["Delete", "The campaign and all its doors are deleted. The audit trail keeps a record."],
};

/** Actions by state; a hunt without clicks may be deleted, too. */
const ALLOWED = {
  draft: ["open"],
  waiting: ["pause", "close"],
  open: ["pause", "close"],
  paused: ["open", "close"],
  closing: ["close"],
  closed: [],
};

export class HuntTable {
  #page;
  #operator;
  #act;

  /**
   * @param {{rows: Element, more: Element}} page
   * @param {import("./operator.js").Operator} operator
   * @param {(question: string, consequence: string, action: () => Promise<string>) => void} act asks for confirmation,
   *   performs the action and shows the text that it returns
   */
  constructor(page, operator, act) {
    this.#page = page;
    this.#operator = operator;
    this.#act = act;
  }

  /**
   * @param {{hunts: {id: string, title: string, state: string, deletable: boolean, campaign?: {id: string, title: string}}[],
   *   more: number}} all
   */
  show({ hunts, more }) {
    const focused = document.activeElement?.dataset?.action; // the focused button is about to be replaced
    this.#page.rows.replaceChildren(...this.#rows(hunts));
    if (focused) document.querySelector(`[data-action="${focused}"]`)?.focus();
    this.#page.more.textContent = more ? `and ${more} more` : "";
  }

  /** Return the rows of all hunts; the doors of a campaign follow its own row, at the place of the first of them. */
  #rows(hunts) {
    const rows = [];
    const shown = new Set();
    for (const hunt of hunts) {
      if (!hunt.campaign) rows.push(this.#row(hunt));
      else if (!shown.has(hunt.campaign.id)) {
        shown.add(hunt.campaign.id);
        const doors = hunts.filter((each) => each.campaign?.id === hunt.campaign.id);
        doors.sort((one, other) => (one.id < other.id ? -1 : 1));
        rows.push(this.#campaignRow(hunt.campaign, doors), ...doors.map((door) => this.#row(door)));
      }
    }
    return rows;
  }

  #campaignRow({ id, title }, doors) {
    const states = [...new Set(doors.map((door) => door.state))];
    const counts = states.map((state) => `${doors.filter((door) => door.state === state).length} ${state}`);
    const actions = doors.every((door) => door.deletable) ? ["open", "pause", "close", "delete"] : ["open", "pause", "close"];
    const buttons = actions.map((action) => this.#button({ id, action, of: CAMPAIGN_ACTIONS, what: "campaign" }));
    const row = element("tr", { className: "campaign" },
      element("th", { scope: "row" }, element("a", { href: `#campaign=${id}` }, id)), element("td", {}, title), element("td", {}, counts.join(", ")),
      element("td", {}, element("div", { className: "buttons" }, ...buttons)));
    return row;
  }

  #row({ id, title, state, deletable }) {
    const actions = deletable ? [...ALLOWED[state], "delete"] : ALLOWED[state];
    const buttons = element("div", { className: "buttons" }, 
      ...actions.map((action) => this.#button({ id, action, of: ACTIONS, what: "hunt" })));
    const head = element("th", { scope: "row" }, element("a", { href: `#hunt=${id}` }, id));
    return element("tr", {}, head, element("td", {}, title), element("td", {}, state), element("td", {}, buttons));
  }

  #button({ id, action, of, what }) {
    const [word, consequence] = of[action];
    const button = element("button", { type: "button" }, word);
    button.dataset.action = `${id} ${action}`;
    button.setAttribute("aria-label", `${word} ${id}`);
    button.addEventListener("click", () =>
      this.#act(`${word} the ${what} ${id}?`, consequence, () => this.#perform(what, id, action)),
    );
    return button;
  }

  async #perform(what, id, action) {
    const path = `/v1/admin/${what}s/${encodeURIComponent(id)}`;
    if (action === "delete") {
      await this.#operator.delete(path);
      return `The ${what} ${id} is deleted.`;
    }
    const { state, changed } = await this.#operator.post(`${path}/${action}`);
    if (changed) return `The campaign ${id}: ${plural(changed.length, "door")} changed.`;
    return `The hunt ${id} is ${state}.`;
  }
}
