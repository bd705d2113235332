// The player's identity: a guest with an HttpOnly cookie, or a player with a token.

import { answerChallenge } from "./challenge.js";
import { errorFrom, Refused } from "./errors.js";

const RESPONSE_TIMEOUT = 10_000; // ms
const ANSWERS = 3; // to challenges, before a refusal counts: one may expire while the tab is hidden

/** Types of the problems that an answer to a challenge solves. */
const CHALLENGED = new Set(["challenge-required", "challenge-failed"]);

/** The guest session expired and could not be renewed. */
export class SignedOut extends Refused {
  constructor(detail) {
    super(401, `Your session expired and could not be renewed: ${detail}. Reload the page to try again.`);
  }
}

/** The server admits no guests, and the browser has no cookie of an invited player. */
export class NotInvited extends Refused {
  static CURE = "Sign in on the website that invited you, then open this page again.";

  constructor() {
    super(403, `This game is for invited players. ${NotInvited.CURE}`, "no-guests");
  }
}

/** Sends requests as the player; an expired guest session is replaced by a new one. */
export class Session {
  #base;
  #token;
  #opening; // promise of the response to the first request for a session; null: it is still to be sent
  #player = null;
  #sessions = 0; // guest sessions opened so far
  #renewal = null; // promise of the renewal in progress, shared by all requests that need it
  #changed;
  #listeners = new Set();
  #tabs = null;

  /**
   * @param {() => void} changed called when the guest was replaced by a new one
   * @param {{url?: string, token?: string | (() => string | Promise<string>), opening?: Promise<Response>}} options `url`: the server's address,
   *   default: the page's own; `token`: a player's token, or a function that returns one per request; default: a guest;
   *   `opening`: the response to the first `POST /v1/session`, sent earlier
   */
  constructor(changed, { url = "", token, opening = null } = {}) {
    this.#opening = opening;
    this.#changed = changed;
    this.#base = url.replace(/\/$/, "");
    this.#token = token;
    if (token !== undefined) return;
    // All tabs share the cookie, so each tab announces a new guest to the others.
    this.#tabs = new BroadcastChannel("hunt-player");
    this.#tabs.onmessage = ({ data }) => this.#become(data);
  }

  /** The guest's id; null for a player with a token, and before the session is open. */
  get player() {
    return this.#player;
  }

  /** The server's address, without a slash at its end. */
  get base() {
    return this.#base;
  }

  /** Call `listener` when the guest was replaced; returns a function that stops this. */
  onchange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Create a guest, or identify the player of an existing cookie; does nothing with a token. */
  async open() {
    if (this.#token !== undefined) return;
    const opening = this.#opening ?? this.#ask({});
    this.#opening = null;
    let response = await opening;
    for (let answers = 0; !response.ok; answers++) {
      const error = await errorFrom(response);
      if (answers === ANSWERS || !CHALLENGED.has(error.type)) throw error;
      response = await this.#ask({ "Hunt-Challenge": await answerChallenge(this.#base) });
    }
    const { player } = await response.json();
    this.#sessions++;
    this.#become(player);
    this.#tabs.postMessage(player);
  }

  /** Like `fetch`, but renews an expired guest session and repeats the request once; rejects with `SignedOut` if that fails. */
  async fetch(path, options) {
    const sessions = this.#sessions;
    const response = await this.#send(path, options);
    if (response.status !== 401 || this.#token !== undefined) return response;
    if (sessions === this.#sessions) await this.#renew(); // else a concurrent request has renewed it
    const again = await this.#send(path, options);
    if (again.status === 401) throw new SignedOut((await errorFrom(again)).message);
    return again;
  }

  #ask(headers) {
    return this.#send("/v1/session", { method: "POST", headers, signal: AbortSignal.timeout(RESPONSE_TIMEOUT) });
  }

  async #send(path, options = {}) {
    if (this.#token === undefined) return fetch(this.#base + path, options);
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    // Send no cookies, because the browser may also hold the cookie of a guest.
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
    const replaced = this.#player !== null && this.#player !== player;
    this.#player = player;
    if (!replaced) return;
    this.#changed();
    for (const listener of [...this.#listeners]) listener();
  }
}
