// The player's own place, if the leaderboard of the page does not show it.

import { say } from "./words.js";

const PAUSE = 15_000; // ms between two requests

export class OwnPlace {
  #hunt;
  #line;
  #won = false; // since the last request
  #leading = false; // the leaderboard shows the player
  #timer = 0;

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {Element} line
   */
  constructor(hunt, line) {
    this.#hunt = hunt;
    this.#line = line;
  }

  /** Note a win of the player, which may change the place. */
  won() {
    this.#won = true;
    if (!this.#timer) this.#timer = setTimeout(() => this.#ask(), PAUSE / 5);
  }

  /** Note the entries of the leaderboard. */
  told(leaders) {
    this.#leading = leaders.some(({ you }) => you);
    if (this.#leading) this.#line.hidden = true;
  }

  async #ask() {
    if (!this.#leading && this.#won && document.visibilityState === "visible") {
      this.#won = false;
      const { rank } = await this.#hunt.standing().catch(() => ({ rank: null }));
      this.#line.hidden = rank === null || this.#leading;
      if (rank !== null) this.#line.textContent = say("yourPlace", { rank });
    }
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#won) this.#ask();
    }, PAUSE);
  }
}
