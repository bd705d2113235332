// A stream of events that is always there: it reconnects, resumes, and notices when it is dead.
//
// EventSource would not do: it hides the heartbeats, which are comments, so a page could not tell a quiet stream from
// one that a phone has killed in its sleep; and it gives up for good on any status but 200.

import { Parser } from "./sse-parser.js";
import { backoff, sleep } from "./retry.js";
import { refusal, Refused } from "./errors.js";
import { Watchdog } from "./watchdog.js";

const LONGEST = 300_000; // ms; a longer `retry` is a mistake, and past 2^31 a timer would fire at once

/**
 * States: `connecting`, `live`, then `waiting` or `draining` until it is `live` again, at last `over`, `refused` or
 * `stopped`.
 */
export class Stream {
  #session;
  #path;
  #told;
  #lastId = "";
  #retry = 2000;
  #failures = 0; // in a row
  #live = false;
  #attempt = new AbortController(); // one connection
  #pause = new AbortController(); // the wait after it
  #watchdog = null;
  #running = false;
  #stopped = false;

  /**
   * @param {import("./session.js").Session} session
   * @param {string} path
   * @param {{event: (event: object) => void, state: (state: string) => void, countdown: (seconds: number) => void,
   *   refused: (error: Error) => void}} told
   */
  constructor(session, path, told) {
    this.#session = session;
    this.#path = path;
    this.#told = told;
  }

  /** The event id to go on from, empty where there is none. */
  get position() {
    return this.#lastId;
  }

  set position(id) {
    this.#lastId = id;
  }

  /** End it, for good. */
  stop() {
    this.#stopped = true;
    this.#hurry();
  }

  /** Follow until the hunt is over, the server refuses, or somebody stops it. */
  async follow() {
    this.#running = true;
    const listening = new AbortController();
    const { signal } = listening;
    addEventListener("online", () => this.#wake(), { signal });
    addEventListener("offline", () => this.#attempt.abort(), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#wake(), { signal });
    try {
      for (let state = "connecting"; state !== "over" && !this.#stopped; ) {
        this.#told.state(state);
        this.#attempt = new AbortController();
        this.#pause = new AbortController();
        state = await this.#connect();
        if (state !== "over" && !this.#stopped) await this.#wait(state);
      }
      this.#told.state(this.#stopped ? "stopped" : "over");
    } catch (error) {
      this.#told.state("refused");
      this.#told.refused(error);
    } finally {
      listening.abort();
      this.#running = false;
    }
  }

  /** Begin again from now, as whoever the player is by now. */
  restart() {
    this.#lastId = "";
    if (this.#running) this.#hurry();
    else this.follow();
  }

  /** Connect, and read to the end; return the state that this leads to. */
  async #connect() {
    const attempt = this.#attempt;
    this.#watchdog = new Watchdog(() => attempt.abort());
    try {
      const headers = this.#lastId ? { "Last-Event-ID": this.#lastId } : {};
      const response = await this.#session.fetch(this.#path, { headers, signal: attempt.signal, cache: "no-store" });
      if (response.status === 204) return "over";
      if (!response.ok) throw await refusal(response);
      return await this.#read(response.body.getReader());
    } catch (error) {
      if (error instanceof Refused) throw error;
      // The connection broke, the server is busy, or the watchdog ended it: all the same from here.
      return "waiting";
    } finally {
      this.#live = false;
      this.#watchdog.stop();
      attempt.abort();
    }
  }

  async #read(reader) {
    const parser = new Parser();
    const decoder = new TextDecoder();
    let state = "waiting";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return state;
      this.#watchdog.heard();
      for (const event of parser.feed(decoder.decode(value, { stream: true }))) {
        if (event.event === "drain") this.#told.state((state = "draining"));
        this.#take(event);
      }
    }
  }

  #take(event) {
    if (event.retry !== undefined) this.#retry = Math.min(event.retry, LONGEST);
    if (event.event === "hello") {
      this.#failures = 0;
      this.#live = true;
      this.#told.state("live");
    }
    if (event.event === "reset") this.#lastId = ""; // it was of no use
    try {
      this.#told.event(event);
    } catch (error) {
      reportError(error); // ours, not the connection's: to reconnect would repeat it for ever
    }
    if (event.id !== undefined) this.#lastId = event.id;
  }

  /** Wait, and tell the seconds; a drain's `retry` is jittered by the server already. */
  async #wait(state) {
    const ms = this.#retry + (state === "draining" ? 0 : backoff(this.#failures++));
    const { signal } = this.#pause;
    if (signal.aborted) return;
    this.#told.state(state);
    for (let left = ms, until = Date.now() + ms; left > 0 && !signal.aborted; left = until - Date.now()) {
      this.#told.countdown(Math.ceil(left / 1000));
      await sleep(Math.min(left % 1000 || 1000, left), signal);
    }
    this.#told.countdown(0);
  }

  /** The page came to light, or the network back: no reason to wait, or to trust a connection that was asleep. */
  #wake() {
    if (!this.#live || this.#watchdog.silent) this.#hurry();
  }

  #hurry() {
    this.#attempt.abort();
    this.#pause.abort();
  }
}
