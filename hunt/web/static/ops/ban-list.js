// The bans that concern a hunt, and the form for a new one.

import { byId, element } from "../shared/elements.js";

const DURATIONS = { hour: 3600, day: 86400, week: 604800 };

const day = (at) => new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });

export class BanList {
  #page;
  #operator;
  #hunt;
  #act;
  #changed;

  /**
   * @param {{rows: Element, empty: Element, table: Element}} page
   * @param {import("./operator.js").Operator} operator
   * @param {string} hunt
   * @param {(question: string, consequence: string, action: () => Promise<string>) => Promise<boolean>} act
   * @param {() => void} changed called after a change
   */
  constructor(page, operator, hunt, act, changed) {
    this.#page = page;
    this.#operator = operator;
    this.#hunt = hunt;
    this.#act = act;
    this.#changed = changed;
    byId("ban-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  async read() {
    const { bans } = await this.#operator.get("/v1/admin/bans");
    const here = bans.filter(({ hunt }) => hunt === null || hunt === this.#hunt);
    this.#page.table.hidden = here.length === 0;
    this.#page.empty.hidden = here.length > 0;
    this.#page.rows.replaceChildren(...here.map((ban) => this.#row(ban)));
  }

  /**
   * Ban a player or a network in this hunt, once the operator has confirmed it.
   * @param {{player?: string, network?: string, reason?: string, seconds?: number, void?: boolean}} ban
   */
  async ban(ban) {
    const who = ban.player ?? ban.network;
    const then = ban.void ? " Rewards that were not sent are voided." : " Rewards stay.";
    const done = await this.#act(`Ban ${who}?`,
      `Clicks of ${who} in this hunt are refused on all nodes, and its streams end.${ban.player ? then : ""}`,
      async () => {
        const { voided } = await this.#operator.post("/v1/admin/bans", { ...ban, hunt: this.#hunt });
        return `${who} is banned.${ban.void ? ` Rewards voided: ${voided}.` : ""}`;
      });
    if (done) this.#changed();
    return done;
  }

  async #submit() {
    const who = byId("ban-who").value.trim();
    const kind = /[/]|^\d+\.\d+\.\d+\.\d+$|:.*:/.test(who) ? "network" : "player";
    const ban = { [kind]: who, reason: byId("ban-reason").value.trim() };
    const seconds = DURATIONS[byId("ban-for").value];
    if (seconds) ban.seconds = seconds;
    if (byId("ban-void").checked && kind === "player") ban.void = true;
    if (await this.ban(ban)) byId("ban-form").reset();
  }

  #row(ban) {
    const who = ban.player ?? ban.network;
    const cells = [ban.until === null ? "no end" : `until ${day(ban.until)}`, ban.reason];
    const end = element("td", { className: "end" });
    if (ban.hunt === null) end.append("all hunts ");
    if (this.#operator.mayAs("operator")) {
      const button = element("button", { type: "button" }, "Lift");
      button.setAttribute("aria-label", `Lift the ban of ${who}`);
      button.addEventListener("click", () => this.#lift(ban.id, who, ban.hunt === null));
      end.append(button);
    }
    return element("tr", {}, element("th", { scope: "row", className: "breaks" }, who),
      ...cells.map((cell) => element("td", { className: "breaks" }, cell)), end);
  }

  async #lift(id, who, everywhere) {
    const where = everywhere ? " The ban is for all hunts." : "";
    const done = await this.#act(`Lift the ban of ${who}?`, `${who} may play again.${where}`, async () => {
      await this.#operator.delete(`/v1/admin/bans/${id}`);
      return `The ban of ${who} is lifted.`;
    });
    if (done) this.#changed();
  }
}
