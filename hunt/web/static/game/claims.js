// Prizes that their winner must claim: the button, and the dialog with the form.

import { element } from "../shared/elements.js";
import { ClaimForm } from "./claim-form.js";
import { language, say } from "./words.js";

const STATES = new Set(["claimed", "sent", "void"]);

export class Claims {
  #hunt;
  #prizes;
  #page;
  #changed;
  #waiting = new Map(); // seq -> reward that is not claimed yet
  #open = null; // {reward, form} while the dialog is open

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {import("./prizes.js").Prizes} prizes
   * @param {{button: Element, dialog: HTMLDialogElement, title: Element, until: Element, fields: Element, problem: Element,
   *   cancel: Element, send: Element}} page
   * @param {(reward: {seq: number, state: string}) => void} changed called when a reward was claimed here
   */
  constructor(hunt, prizes, page, changed) {
    this.#hunt = hunt;
    this.#prizes = prizes;
    this.#page = page;
    this.#changed = changed;
    page.button.addEventListener("click", () => this.open([...this.#waiting.values()].at(-1)));
    page.cancel.addEventListener("click", () => page.dialog.close());
    page.dialog.addEventListener("close", () => (this.#open = null));
    page.dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  /** Note rewards, and offer those that can be claimed. */
  add(rewards) {
    for (const reward of rewards) {
      if (this.canClaim(reward)) this.#waiting.set(reward.seq, reward);
      else this.#waiting.delete(reward.seq);
    }
    this.#offer();
  }

  clear() {
    this.#waiting.clear();
    this.#offer();
  }

  /** Return whether the prize of a reward waits for its claim. */
  canClaim({ prize, state }) {
    return Boolean(prize && !state && this.#prizes.claim(prize));
  }

  /** Open the form of a reward. */
  open(reward) {
    const { dialog, title, until, fields, problem, send } = this.#page;
    const claim = this.#prizes.claim(reward.prize);
    this.#open = { reward, form: new ClaimForm(fields, claim.fields) };
    title.textContent = this.#prizes.title(reward.prize);
    until.textContent = deadline(claim.until, reward.at);
    until.hidden = until.textContent === "";
    problem.textContent = "";
    send.disabled = false;
    dialog.showModal();
  }

  async #send() {
    const { reward, form } = this.#open;
    const { dialog, problem, send } = this.#page;
    form.showFaults({});
    problem.textContent = "";
    send.disabled = true;
    try {
      const claimed = await this.#hunt.claim(reward.seq, form.values);
      if (this.#open?.reward === reward) dialog.close();
      this.#changed(claimed);
    } catch (error) {
      const named = form.showFaults(error.errors ?? {});
      problem.textContent = named ? say("checkFields") : sentence(error.message);
    } finally {
      send.disabled = false;
    }
  }

  #offer() {
    const { button } = this.#page;
    const number = this.#waiting.size;
    button.hidden = number === 0;
    button.textContent = number > 1 ? say("claimMany", { count: number }) : say("claimPrize");
  }
}

/** Return the words for a state of a reward that can be claimed; empty for one that is still to be claimed. */
export const stateWords = (state) => (STATES.has(state) ? say(`state.${state}`) : "");

/** Return a sentence about the deadline: a time, or a duration from the win on. */
function deadline(until, at) {
  if (!until) return "";
  const [, number, unit] = /^(\d+) (minute|hour|day|week|year)s?$/.exec(until) ?? [];
  const ms = { minute: 60e3, hour: 3600e3, day: 86400e3, week: 7 * 86400e3, year: 365 * 86400e3 }[unit];
  const time = unit ? new Date(Date.parse(at) + number * ms) : new Date(until);
  return say("claimBy", { time: time.toLocaleString(language, { dateStyle: "long", timeStyle: "short" }) });
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Return the element that shows the state of a reward in the list, or the button that claims it; null for others. */
export function claimMark(claims, reward) {
  if (claims.canClaim(reward)) {
    const button = element("button", { type: "button", className: "claim" }, say("claim"));
    button.addEventListener("click", () => claims.open(reward));
    return button;
  }
  const words = stateWords(reward.state);
  return words ? element("span", { className: "state" }, words) : null;
}
