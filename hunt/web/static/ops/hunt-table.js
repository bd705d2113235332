// The table of hunts, with the actions that each allows.

import { element } from "../shared/elements.js";

const ACTIONS = {
  open: ["Open", "Players can click."],
  pause: ["Pause", "Clicks are refused until the hunt is opened again."],
  close: ["Close", "The hunt ends permanently: its seed becomes public, and it cannot be opened again."],
  delete: ["Delete", "The hunt and all its versions are deleted. The audit trail keeps a record."],
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

  /** @param {{hunts: {id: string, title: string, state: string, deletable: boolean}[], more: number}} all */
  show({ hunts, more }) {
    const focused = document.activeElement?.dataset?.action; // the focused button is about to be replaced
    this.#page.rows.replaceChildren(...hunts.map((hunt) => this.#row(hunt)));
    if (focused) document.querySelector(`[data-action="${focused}"]`)?.focus();
    this.#page.more.textContent = more ? `and ${more} more` : "";
  }

  #row({ id, title, state, deletable }) {
    const actions = deletable ? [...ALLOWED[state], "delete"] : ALLOWED[state];
    const buttons = element("div", { className: "buttons" }, ...actions.map((action) => this.#button(id, action)));
    const head = element("th", { scope: "row" }, id);
    return element("tr", {}, head, element("td", {}, title), element("td", {}, state), element("td", {}, buttons));
  }

  #button(id, action) {
    const [word, consequence] = ACTIONS[action];
    const button = element("button", { type: "button" }, word);
    button.dataset.action = `${id} ${action}`;
    button.setAttribute("aria-label", `${word} ${id}`);
    button.addEventListener("click", () =>
      this.#act(`${word} the hunt ${id}?`, consequence, () => this.#perform(id, action)),
    );
    return button;
  }

  async #perform(id, action) {
    const path = `/v1/admin/hunts/${encodeURIComponent(id)}`;
    if (action === "delete") {
      await this.#operator.delete(path);
      return `The hunt ${id} is deleted.`;
    }
    const { state } = await this.#operator.post(`${path}/${action}`);
    return `The hunt ${id} is ${state}.`;
  }
}
