// Players and addresses with unusual figures, each with a button to ban.

import { element } from "../shared/elements.js";
import { plural } from "../shared/plural.js";
import { count, NOTHING, time } from "./format.js";

/** What each reason says, with the figures that led to it. */
const REASONS = {
  rate: (p) => `${plural(p.rate, "click", "clicks", count(p.rate))} a second`,
  regular: (p) => `every ${time(p.interval_mean)}, ± ${Math.max(p.interval_cv * 100, 0.1).toFixed(1)} %`,
  wins: (p) => `${plural(p.wins, "win", "wins", count(p.wins))}, ${count(p.expected_wins)} expected`,
  speed: (p) => `${plural(p.jumps, "jump", "jumps", count(p.jumps))}, up to ${count(p.speed * 3.6)} km/h`,
};

export class AnomalyList {
  #page;
  #operator;
  #hunt;
  #ban;
  #examined = 0; // clicks

  /**
   * @param {{rows: Element, note: Element, table: Element}} page
   * @param {import("./operator.js").Operator} operator
   * @param {string} hunt
   * @param {(ban: object) => void} ban asks for confirmation, and bans
   */
  constructor(page, operator, hunt, ban) {
    this.#page = page;
    this.#operator = operator;
    this.#hunt = hunt;
    this.#ban = ban;
  }

  /** Read the list, unless some clicks were examined before. */
  async readFirst() {
    if (!this.#examined) await this.read();
  }

  /** Read and show the list; it costs the database a moment, so it is not repeated by itself. */
  async read() {
    const found = await this.#operator.get(`/v1/admin/hunts/${this.#hunt}/anomalies`);
    const { players, addresses, window } = found;
    this.#examined = window.clicks;
    const rows = [...players.map((each) => this.#player(each)), ...addresses.map((each) => this.#address(each))];
    this.#page.table.hidden = rows.length === 0;
    this.#page.rows.replaceChildren(...rows);
    const examined = `the last ${plural(window.clicks, "click")}, of ${plural(window.players, "player")}`;
    this.#page.note.textContent = window.clicks === 0 ? "No clicks yet." :
      rows.length ? `In ${examined}. A figure is a hint, not a proof.` : `Nothing unusual in ${examined}.`;
  }

  #player(player) {
    return this.#row(player.player, player.reasons.map((reason) => REASONS[reason](player)), count(player.clicks),
      player.banned, { player: player.player, reason: `unusual: ${player.reasons.join(", ")}` });
  }

  #address({ address, players, banned }) {
    return this.#row(address, [`about ${plural(players, "player")} at one address`], NOTHING, banned,
      { network: address, reason: "many players at one address" });
  }

  #row(name, reasons, clicks, banned, ban) {
    const list = element("ul", {}, ...reasons.map((reason) => element("li", {}, reason)));
    const end = element("td", { className: "end" });
    if (banned) end.append("banned");
    else if (this.#operator.mayAs("operator")) {
      const button = element("button", { type: "button" }, "Ban");
      button.setAttribute("aria-label", `Ban ${name}`);
      button.addEventListener("click", () => this.#ban(ban));
      end.append(button);
    }
    return element("tr", {}, element("th", { scope: "row", className: "breaks" }, name), element("td", {}, list),
      element("td", { className: "number" }, clicks), end);
  }
}
