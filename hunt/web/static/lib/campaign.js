// A campaign: several hunts, its doors, under one id.

import { getJson } from "./get-json.js";
import { LeaderboardPoller } from "./leaderboard.js";

const PAGE_SIZE = 1000; // rewards; the server's maximum

/** A campaign; made by `Player.campaign`. */
export class Campaign {
  #session;
  #path;

  constructor(session, id) {
    this.#session = session;
    this.#path = `/v1/campaigns/${encodeURIComponent(id)}`;
  }

  /** Return title, state and doors in order: `{door, hunt, title, state, opens_at, closes_at, prizes}`. */
  details() {
    return getJson(this.#session, this.#path);
  }

  /** Return the player's own points, wins and streak, and what was won in each door. */
  standing() {
    return getJson(this.#session, `${this.#path}/standing`);
  }

  /** Return all of the player's rewards over all doors, by door, oldest first; each has `door` and `hunt`. */
  async history() {
    const rewards = [];
    for (let next = ""; next !== null; ) {
      const after = next && `&after=${next}`;
      const part = await getJson(this.#session, `${this.#path}/rewards?limit=${PAGE_SIZE}${after}`);
      rewards.push(...part.rewards);
      next = part.next;
    }
    return rewards;
  }

  /**
   * Call `changed` with the leaderboard over all doors, now and after every change, while the page is visible.
   * @param {(leaders: object[], you: {rank: ?number, points: number, wins: number} | null) => void} changed
   * @param {{limit?: number}} options `limit`: number of entries, at most 100
   * @returns {{stop: () => void}}
   */
  leaders(changed, { limit = 10 } = {}) {
    const poller = new LeaderboardPoller(this.#session, `${this.#path}/leaderboard?limit=${limit}`, changed);
    poller.start();
    return poller;
  }
}
