// The panel over the map while no click counts: the time until the hunt begins, a pause, the end.

import { byId } from "../shared/elements.js";
import { durationText, momentText, Ticker } from "./countdown.js";
import { pointsText, say } from "./words.js";

const SHOWN = new Set(["waiting", "paused", "over"]);

/** The curtain over the map. Screen readers learn the same from the live regions. */
export class Curtain {
  #ticker = new Ticker();
  #opens = null;

  /** @param {string} state of the hunt @param {string | null} [opens] when it begins, in RFC 3339 */
  show(state, opens = this.#opens) {
    if (state === byId("game").dataset.state && state !== "waiting") return;
    this.#opens = opens;
    byId("game").dataset.state = state;
    this.#ticker.stop();
    byId("curtain").hidden = !SHOWN.has(state);
    if (!SHOWN.has(state)) return;
    const begins = state === "waiting" && opens !== null;
    byId("curtain-title").textContent = say(begins ? "curtain.begins" : `curtain.${state}`);
    byId("curtain-text").textContent = begins ? momentText(opens) : say(`curtain.${state}.text`);
    byId("curtain-count").hidden = !begins;
    if (begins) this.#ticker.start(() => this.#tick(Date.parse(opens) - Date.now()));
  }

  /** Show the points at the end. */
  points(points) {
    if (byId("game").dataset.state !== "over" || points === 0) return;
    byId("curtain-count").textContent = pointsText(points);
    byId("curtain-count").hidden = false;
  }

  #tick(left) {
    byId("curtain-count").textContent = left > 0 ? durationText(left) : say("now");
    return left > 0;
  }
}
