// Who leads: asked for now and then, never waited for, and only while somebody can see it.

const PERIOD = 10_000; // ms
const SHOWN = 5;
const ANSWER = 10_000; // ms that the server has to answer

export class Leaders {
  #session;
  #path;
  #list;
  #frame;
  #shown = "";
  #asked = -Infinity; // ms, by the page's clock
  #timer = 0;

  /** @param {{frame: Element, list: Element}} page `frame` is hidden while nobody leads */
  constructor(session, hunt, { frame, list }) {
    this.#session = session;
    this.#path = `/v1/hunts/${encodeURIComponent(hunt)}/leaderboard?limit=${SHOWN}`;
    this.#frame = frame;
    this.#list = list;
  }

  /** Ask from now on; a page that comes back to light asks at once, unless it has just done so. */
  follow() {
    document.addEventListener("visibilitychange", () => this.#plan());
    this.#plan();
  }

  #plan() {
    clearTimeout(this.#timer);
    if (document.visibilityState !== "visible") return;
    // Jittered: pages that a restarted server has woken together do not stay together.
    const pause = PERIOD * (0.8 + 0.4 * Math.random());
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, this.#asked + pause - performance.now()));
  }

  async #ask() {
    this.#asked = performance.now();
    try {
      const response = await this.#session.fetch(this.#path, { signal: AbortSignal.timeout(ANSWER) });
      if (response.ok) this.#show((await response.json()).leaders);
    } catch {
      // Whether the server is there, the stream tells; the old board is better than none.
    }
    this.#plan();
  }

  #show(leaders) {
    const text = JSON.stringify(leaders);
    if (text === this.#shown) return; // nothing moves under who reads it
    this.#shown = text;
    this.#frame.hidden = leaders.length === 0;
    this.#list.replaceChildren(...leaders.map(({ player, points, you }) => {
      const item = document.createElement("li");
      const worth = document.createElement("span");
      worth.className = "worth";
      worth.textContent = `${points.toLocaleString("en")} points`;
      item.className = you ? "you" : "";
      item.append(you ? "You" : player, worth);
      return item;
    }));
  }
}
