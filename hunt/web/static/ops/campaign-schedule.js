// The schedule of all doors of a campaign, the form for a new entry, and a preview of its effects.

import { byId, element } from "../shared/elements.js";
import { plural } from "../shared/plural.js";
import { act } from "./acts.js";
import { effect } from "./schedule-effects.js";
import { moment, titleOf, WORDS } from "./schedule-list.js";

const KINDS = {
  change: ["changes", "change"],
  none: ["stays as it is", "stay as they are"],
  fails: ["fails", "fail"],
  over: ["is over", "are over"],
};

export class CampaignSchedule {
  #operator;
  #campaign;
  #doors = [];
  #entries = [];
  #settings; // fields of the form

  /**
   * @param {import("./operator.js").Operator} operator
   * @param {string} campaign
   */
  constructor(operator, campaign) {
    this.#operator = operator;
    this.#campaign = campaign;
    this.#settings = { action: byId("campaign-action"), at: byId("campaign-at"), text: byId("campaign-text") };
    byId("campaign-zone").textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const form = byId("campaign-form");
    form.addEventListener("input", () => this.#preview());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#preview();
  }

  /** @param {object[]} doors of the campaign, as the server lists them */
  doors(doors) {
    this.#doors = doors;
    this.#preview();
  }

  async read() {
    const { entries } = await this.#operator.get(`/v1/admin/campaigns/${this.#campaign}/schedule`);
    this.#entries = entries;
    const groups = grouped(entries);
    byId("campaign-schedule-table").hidden = groups.length === 0;
    byId("campaign-schedule-empty").hidden = groups.length > 0;
    const focused = document.activeElement?.dataset?.group; // the focused button is about to be replaced
    byId("campaign-schedule").replaceChildren(...groups.map((group) => this.#row(group)));
    if (focused) document.querySelector(`[data-group="${CSS.escape(focused)}"]`)?.focus();
    this.#preview();
  }

  /** Return the entry in the form; null while it has no valid time. */
  #entry() {
    const { action, at, text } = this.#settings;
    const time = new Date(at.value).getTime();
    const past = time <= Date.now();
    at.setCustomValidity(past ? "This time has passed: choose a later one." : "");
    if (Number.isNaN(time) || past) return null;
    return { action: action.value, at: time, text: action.value === "announce" ? text.value.trim() || null : null };
  }

  #preview() {
    byId("campaign-text-field").hidden = this.#settings.action.value !== "announce";
    const entry = this.#entry();
    const found = entry === null ? [] : this.#effects(entry);
    byId("campaign-preview-table").hidden = found.length === 0;
    byId("campaign-preview").replaceChildren(...found.map(({ door, kind, text }) =>
      element("tr", { className: kind === "change" ? "" : "settled" },
        element("th", { scope: "row" }, element("a", { href: `#hunt=${door.hunt}` }, door.hunt)),
        element("td", {}, door.state === "closed" ? "over" : door.state),
        element("td", { className: kind === "fails" ? "breaks out" : "breaks" }, text))));
    const note = byId("campaign-preview-note");
    const said = entry === null ? "Choose a future time to see what changes." : this.#summary(entry, found);
    if (note.textContent !== said) note.textContent = said;
    byId("campaign-submit").disabled = entry !== null && found.every(({ kind }) => kind === "over");
  }

  #effects(entry) {
    return this.#doors.map((each) => {
      const door = { ...each, hunt: each.id };
      const waiting = this.#entries.filter(({ hunt, state }) => hunt === door.hunt && state === "waiting");
      return { door, ...effect(door, waiting, entry, moment) };
    });
  }

  #summary({ action, at }, found) {
    const parts = Object.entries(KINDS).map(([kind, does]) => [found.filter((each) => each.kind === kind).length, ...does]);
    const counts = parts.filter(([number]) => number).map(([number, one, many]) => plural(number, one, many)).join(", ");
    return `${WORDS[action]} at ${moment(at)}: of ${plural(found.length, "door")}, ${counts}.`;
  }

  async #submit() {
    const entry = this.#entry();
    if (entry === null) {
      this.#settings.at.reportValidity();
      return;
    }
    const { action, at, text } = entry;
    const body = { action, at: new Date(at).toISOString(), ...(action === "announce" ? { text } : {}) };
    const question = `${WORDS[action]} all doors of ${this.#campaign} at ${moment(at)}?`;
    const asked = action === "announce" ? `Schedule the announcement for all doors of ${this.#campaign}?` : question;
    const done = await act(asked, this.#summary(entry, this.#effects(entry)), async () => {
      const { entries } = await this.#operator.post(`/v1/admin/campaigns/${this.#campaign}/schedule`, body);
      return `${WORDS[action]} is scheduled for ${moment(at)}, for ${plural(entries.length, "door")}.`;
    }, byId("campaign-result"));
    if (!done) return;
    byId("campaign-form").reset();
    await this.read();
  }

  #row({ key, at, entries, waiting, settled }) {
    const [first] = entries;
    const end = element("td", { className: "end breaks" });
    if (waiting.length && this.#operator.mayAs("operator")) {
      const button = element("button", { type: "button" }, "Remove");
      button.dataset.group = key;
      button.setAttribute("aria-label", `Remove ${WORDS[first.action]} at ${moment(at)} from ${plural(waiting.length, "door")}`);
      button.addEventListener("click", () => this.#remove(first, waiting));
      end.append(button);
    } else end.append(waiting.length ? "waiting" : settled);
    const doors = entries.length === 1 ? first.hunt : plural(entries.length, "door");
    return element("tr", { className: waiting.length ? "" : "settled" },
      element("th", { scope: "row" }, element("time", { dateTime: at }, moment(at))),
      element("td", { className: "breaks" }, titleOf(first)), element("td", {}, doors), end);
  }

  async #remove({ action, at }, waiting) {
    const question = `Remove the entry from ${plural(waiting.length, "door")}?`;
    await act(question, `${WORDS[action]} at ${moment(at)} does not happen.`, async () => {
      for (const { hunt, id } of waiting) await this.#operator.delete(`/v1/admin/hunts/${hunt}/schedule/${id}`);
      return `The entry is removed from ${plural(waiting.length, "door")}.`;
    }, byId("campaign-result"));
    await this.read(); // also after a failure: some may be removed
  }
}

/** Return the entries that several doors have alike as groups: waiting ones first, then the newest. */
function grouped(entries) {
  const found = new Map();
  for (const entry of entries) {
    const { at, action, text, prize, count } = entry;
    const key = JSON.stringify([at, action, text, prize, count]);
    if (!found.has(key)) found.set(key, { key, at, entries: [] });
    found.get(key).entries.push(entry);
  }
  const groups = [...found.values()].map((group) => {
    const waiting = group.entries.filter(({ state }) => state === "waiting");
    return { ...group, waiting, settled: settledText(group.entries) };
  });
  return groups.sort((one, other) => {
    const [a, b] = [one, other].map(({ waiting }) => (waiting.length ? 0 : 1));
    return a - b || (a ? other.at.localeCompare(one.at) : one.at.localeCompare(other.at));
  }).slice(0, 30);
}

function settledText(entries) {
  const states = [...new Set(entries.map(({ state, reason }) => (reason ? `${state}: ${reason}` : state)))];
  if (states.length === 1) return states[0];
  const kinds = [...new Set(entries.map(({ state }) => state))];
  return kinds.map((kind) => `${entries.filter(({ state }) => state === kind).length} ${kind}`).join(", ");
}
