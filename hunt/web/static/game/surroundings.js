// What stands around the map: the hunt's own texts, the time left, and how it is drawn.

import { byId } from "../shared/elements.js";
import { durationText, Ticker } from "./countdown.js";
import { say } from "./words.js";

/** Show the texts of a hunt, and its commitment. */
export function showSurroundings(look, { id, commitment }) {
  for (const key of ["lead", "rules"]) {
    const line = byId(key);
    line.textContent = look.own(key) ?? "";
    line.hidden = !line.textContent;
    look.mark(line);
  }
  byId("prizes-title").textContent = look.text("prizes");
  byId("commitment").textContent = commitment;
  byId("proof").href = `/proof/${id}`;
  byId("fair").hidden = false;
}

/** The time until the hunt begins or ends. */
export class TimeLeft {
  #line;
  #key;
  #ticker = new Ticker();

  /**
   * @param {Element} line hidden while no such time is known
   * @param {{state: string, opens_at: string | null, closes_at: string | null}} hunt
   */
  constructor(line, hunt) {
    this.#line = line;
    this.show(hunt);
  }

  /** @param {{state: string, opens_at: string | null, closes_at: string | null}} hunt times in RFC 3339 */
  show({ state, opens_at: opens, closes_at: closes }) {
    this.#line.hidden = true;
    this.#ticker.stop();
    const next = { waiting: opens, open: closes, paused: closes }[state];
    this.#key = state === "waiting" ? "beginsIn" : "endsIn";
    if (next) this.#ticker.start(() => this.#tick(Date.parse(next) - Date.now()));
  }

  #tick(left) {
    this.#line.hidden = left <= 0;
    this.#line.textContent = say(this.#key, { time: durationText(left) });
    return left > 0;
  }
}
