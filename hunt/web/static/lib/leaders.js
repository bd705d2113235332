// The leaderboard of a hunt, which the stream of all players tells after each change.

import { getJson } from "./get-json.js";
import { mask } from "./mask.js";

const PUSHED = 10; // entries in an event; a longer leaderboard is requested after one
const MAX_DELAY = 5_000; // ms; spreads these requests

export class LeaderboardFollower {
  #session;
  #path;
  #changed;
  #limit;
  #known = "";
  #own = null; // the player's masked name
  #stream;
  #stopped = new AbortController();
  #timer = 0;

  /**
   * @param {import("./session.js").Session} session
   * @param {string} hunt id
   * @param {(leaders: object[]) => void} changed called with the entries whenever they differ from the last ones
   * @param {number} limit maximum number of entries
   * @param {import("./win-stream.js").AllPlayersStream} stream
   */
  constructor(session, hunt, changed, limit, stream) {
    this.#session = session;
    this.#path = `/v1/hunts/${hunt}/leaderboard?limit=${limit}`;
    this.#changed = changed;
    this.#limit = limit;
    this.#stream = stream.add({ open: () => this.#request(), leaders: (leaders) => this.#told(leaders) });
  }

  stop() {
    this.#stream.stop();
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  #told(leaders) {
    if (this.#limit <= PUSHED) {
      this.#update(leaders.slice(0, this.#limit).map((each) => ({ ...each, you: each.player === this.#ownName() })));
    } else if (!this.#timer) {
      this.#timer = setTimeout(() => this.#request(), MAX_DELAY * Math.random());
    }
  }

  async #request() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    try {
      const { leaders } = await getJson(this.#session, this.#path, { signal: this.#stopped.signal });
      this.#own = leaders.find(({ you }) => you)?.player ?? this.#own;
      this.#update(leaders);
    } catch {
      // Keep showing the last entries; the event stream reports the state of the connection.
    }
  }

  /** Return the player's masked name; null if it is not known: a player with a token who was not on the leaderboard. */
  #ownName() {
    return this.#session.player === null ? this.#own : mask(this.#session.player);
  }

  #update(leaders) {
    const text = JSON.stringify(leaders);
    if (text === this.#known || this.#stopped.signal.aborted) return;
    this.#known = text;
    this.#changed(leaders);
  }
}
