// Who the player is: a guest, by a cookie that no script can read.

import { refusal, Refused } from "./refusals.js";

const ANSWER = 10_000; // ms that the server has to answer

/** The session has ended, and there is no new one. */
export class SignedOut extends Refused {
  constructor(detail) {
    super(401, `Your session has ended and could not be renewed: ${detail}. Reload the page to try again.`);
  }
}

/** Sends requests as the player, and becomes a new guest where the old one is no longer known. */
export class Session {
  #player = null;
  #opened = 0; // sessions so far
  #renewal = null; // one for all requests that need it at the same time
  #changed;
  // The cookie belongs to all tabs: what one of them renews, the others must know.
  #tabs = new BroadcastChannel("hunt-player");

  /** @param {() => void} changed told when the player is another one than before */
  constructor(changed) {
    this.#changed = changed;
    this.#tabs.onmessage = ({ data }) => this.#become(data);
  }

  /** Become a guest, or be told who the cookie says we are. */
  async open() {
    const response = await fetch("/v1/session", { method: "POST", signal: AbortSignal.timeout(ANSWER) });
    if (!response.ok) throw await refusal(response);
    const { player } = await response.json();
    this.#opened++;
    this.#become(player);
    this.#tabs.postMessage(player);
  }

  /** `fetch`, once more in a new session where this one has ended; rejects with `SignedOut` where that fails too. */
  async fetch(path, options) {
    const opened = this.#opened;
    const response = await fetch(path, options);
    if (response.status !== 401) return response;
    if (opened === this.#opened) await this.#renew(); // else another request has done it meanwhile
    const again = await fetch(path, options);
    if (again.status === 401) throw new SignedOut((await refusal(again)).message);
    return again;
  }

  #renew() {
    this.#renewal ??= this.open()
      .catch((error) => {
        throw error instanceof Refused ? new SignedOut(error.message) : error;
      })
      .finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  #become(player) {
    const other = this.#player !== null && this.#player !== player;
    this.#player = player;
    if (other) this.#changed();
  }
}
