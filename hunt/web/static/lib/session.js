// Who the player is: a guest, by a cookie that no script can read, or whom a token names.

import { refusal, Refused } from "./errors.js";

const ANSWER = 10_000; // ms that the server has to answer

/** The session has ended, and there is no new one. */
export class SignedOut extends Refused {
  constructor(detail) {
    super(401, `Your session has ended and could not be renewed: ${detail}. Reload the page to try again.`);
  }
}

/** The server takes no guests, and no cookie says who this player is: nothing here will ever work without one. */
export class NotInvited extends Refused {
  static CURE = "Sign in on the website that invited you, then open this page again.";

  constructor() {
    super(403, `This game is for invited players. ${NotInvited.CURE}`, "no-guests");
  }
}

/** Sends requests as the player; a guest becomes a new one where the old one is no longer known. */
export class Session {
  #base;
  #token;
  #player = null;
  #opened = 0; // sessions so far
  #renewal = null; // one for all requests that need it at the same time
  #changed;
  #followers = new Set();
  #tabs = null;

  /**
   * @param {() => void} changed told when the player is another one than before
   * @param {{url?: string, token?: string | (() => string | Promise<string>)}} options the server's address, else the page's own; a
   *   player's token, or what returns one for each request, else a guest
   */
  constructor(changed, { url = "", token } = {}) {
    this.#changed = changed;
    this.#base = url.replace(/\/$/, "");
    this.#token = token;
    if (token !== undefined) return;
    // The cookie belongs to all tabs: what one of them renews, the others must know.
    this.#tabs = new BroadcastChannel("hunt-player");
    this.#tabs.onmessage = ({ data }) => this.#become(data);
  }

  /** Whose the cookie is; null for who has a token, and before the server has said it. */
  get player() {
    return this.#player;
  }

  /** The address that every path is put behind. */
  get base() {
    return this.#base;
  }

  /** Tell `follower` too when the player has become another one; returns what ends that. */
  onchange(follower) {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Become a guest, or be told who the cookie says we are; who has a token is known. */
  async open() {
    if (this.#token !== undefined) return;
    const response = await this.#send("/v1/session", { method: "POST", signal: AbortSignal.timeout(ANSWER) });
    if (!response.ok) throw await refusal(response);
    const { player } = await response.json();
    this.#opened++;
    this.#become(player);
    this.#tabs.postMessage(player);
  }

  /** `fetch`, once more in a new session where this one has ended; rejects with `SignedOut` where that fails too. */
  async fetch(path, options) {
    const opened = this.#opened;
    const response = await this.#send(path, options);
    if (response.status !== 401 || this.#token !== undefined) return response;
    if (opened === this.#opened) await this.#renew(); // else another request has done it meanwhile
    const again = await this.#send(path, options);
    if (again.status === 401) throw new SignedOut((await refusal(again)).message);
    return again;
  }

  async #send(path, options = {}) {
    if (this.#token === undefined) return fetch(this.#base + path, options);
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    // No cookie goes along, not even the one of a guest who plays in the same browser.
    return fetch(this.#base + path, { ...options, headers, credentials: "omit" });
  }

  #renew() {
    this.#renewal ??= this.open()
      .catch((error) => {
        if (!(error instanceof Refused)) throw error;
        throw error.type === "no-guests" ? new NotInvited() : new SignedOut(error.message);
      })
      .finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  #become(player) {
    const other = this.#player !== null && this.#player !== player;
    this.#player = player;
    if (!other) return;
    this.#changed();
    for (const follower of [...this.#followers]) follower();
  }
}
