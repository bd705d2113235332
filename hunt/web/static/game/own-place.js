// The player's own place, if the leaderboard of the page does not show it.

import { say } from "./words.js";

const PAUSE = 15_000; // ms between two requests
const ATTEMPTS = 4; // after a win, until the leaderboard has it

export class OwnPlace {
  #hunt;
  #line;
  #left = 0; // attempts after the last win
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
    this.#left = ATTEMPTS;
    if (!this.#timer) this.#timer = setTimeout(() => this.#ask(), PAUSE / 5);
  }

  /** Note the entries of the leaderboard. */
  told(leaders) {
    this.#leading = leaders.some(({ you }) => you);
    if (this.#leading) this.#line.hidden = true;
  }

  async #ask() {
    if (!this.#leading && this.#left && document.visibilityState === "visible") {
      const left = this.#left - 1;
      this.#left = 0; // a win from here on needs a request of its own
      const { rank } = await this.#hunt.standing().catch(() => ({ rank: null }));
      if (rank === null) this.#left ||= left;
      this.#line.hidden = rank === null || this.#leading;
      if (rank !== null) this.#line.textContent = say("yourPlace", { rank });
    }
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#left) this.#ask();
    }, PAUSE);
  }
}
