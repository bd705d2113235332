// Who leads: asked for now and then, never waited for, and only while somebody can see it.

const PERIOD = 10_000; // ms
const ANSWER = 10_000; // ms that the server has to answer

export class Leaders {
  #session;
  #path;
  #told;
  #known = "";
  #asked = -Infinity; // ms, by the page's clock
  #timer = 0;
  #leaving = new AbortController();

  /**
   * @param {import("./session.js").Session} session
   * @param {string} hunt
   * @param {(leaders: object[]) => void} told whenever they are others than before
   * @param {number} limit of leaders
   */
  constructor(session, hunt, told, limit) {
    this.#session = session;
    this.#path = `/v1/hunts/${hunt}/leaderboard?limit=${limit}`;
    this.#told = told;
  }

  /** Ask from now on; a page that comes back to light asks at once, unless it has just done so. */
  follow() {
    document.addEventListener("visibilitychange", () => this.#plan(), { signal: this.#leaving.signal });
    this.#plan();
  }

  stop() {
    this.#leaving.abort();
    clearTimeout(this.#timer);
  }

  #plan() {
    clearTimeout(this.#timer);
    if (document.visibilityState !== "visible" || this.#leaving.signal.aborted) return;
    // Jittered: pages that a restarted server has woken together do not stay together.
    const pause = PERIOD * (0.8 + 0.4 * Math.random());
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, this.#asked + pause - performance.now()));
  }

  async #ask() {
    this.#asked = performance.now();
    try {
      const response = await this.#session.fetch(this.#path, { signal: AbortSignal.timeout(ANSWER) });
      if (response.ok && !this.#leaving.signal.aborted) this.#take((await response.json()).leaders);
    } catch {
      // Whether the server is there, the stream tells; the old board is better than none.
    }
    this.#plan();
  }

  #take(leaders) {
    const text = JSON.stringify(leaders);
    if (text === this.#known) return; // nothing moves under who reads it
    this.#known = text;
    this.#told(leaders);
  }
}
