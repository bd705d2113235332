// Polls the leaderboard while the page is visible.

const PERIOD = 10_000; // ms between two requests, before jitter
const RESPONSE_TIMEOUT = 10_000; // ms

export class LeaderboardPoller {
  #session;
  #path;
  #changed;
  #known = "";
  #requested = -Infinity; // ms, monotonic
  #timer = 0;
  #stopped = new AbortController();

  /**
   * @param {import("./session.js").Session} session
   * @param {string} path of the leaderboard, with its query
   * @param {(leaders: object[], you: object | null) => void} changed called with the entries, and the player's own
   *   entry in a campaign, whenever they differ from the last ones
   */
  constructor(session, path, changed) {
    this.#session = session;
    this.#path = path;
    this.#changed = changed;
  }

  /** Start polling; a page that becomes visible requests at once if the last request is old enough. */
  start() {
    document.addEventListener("visibilitychange", () => this.#schedule(), { signal: this.#stopped.signal });
    this.#schedule();
  }

  stop() {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (document.visibilityState !== "visible" || this.#stopped.signal.aborted) return;
    // Jitter spreads the requests of pages that reconnected together after a restart.
    const pause = PERIOD * (0.8 + 0.4 * Math.random());
    this.#timer = setTimeout(() => this.#request(), Math.max(0, this.#requested + pause - performance.now()));
  }

  async #request() {
    this.#requested = performance.now();
    try {
      const response = await this.#session.fetch(this.#path, { signal: AbortSignal.timeout(RESPONSE_TIMEOUT) });
      if (response.ok && !this.#stopped.signal.aborted) this.#update(await response.json());
    } catch {
      // Keep showing the last entries; the event stream reports the state of the connection.
    }
    this.#schedule();
  }

  #update({ leaders, you = null }) {
    const text = JSON.stringify([leaders, you]);
    if (text === this.#known) return;
    this.#known = text;
    this.#changed(leaders, you);
  }
}
