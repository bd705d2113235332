// An event stream that reconnects, resumes, and detects a dead connection.
//
// EventSource is not enough: it hides heartbeats (comments), so a page cannot tell a quiet stream from a dead one; and
// it stops for good after any status other than 200.

import { errorFrom, Refused } from "./errors.js";
import { backoff, sleep } from "./retry.js";
import { Parser } from "./sse-parser.js";
import { Watchdog } from "./watchdog.js";

const MAX_RETRY = 300_000; // ms; more is a mistake, and above 2^31 a timer would fire at once

/**
 * States: `connecting`, `live`; `waiting` or `draining` until it is `live` again; finally `over`, `refused` or
 * `stopped`.
 */
export class EventStream {
  #session;
  #path;
  #handlers;
  #lastId = "";
  #retry = 2000; // ms
  #failures = 0; // consecutive
  #live = false;
  #attempt = new AbortController(); // ends the current connection
  #pause = new AbortController(); // ends the pause after it
  #watchdog = null;
  #running = false;
  #stopped = false;

  /**
   * @param {import("./session.js").Session} session
   * @param {string} path
   * @param {{event: (event: object) => void, state: (state: string) => void, countdown: (seconds: number) => void,
   *   refused: (error: Error) => void}} handlers `countdown`: seconds to the next attempt
   */
  constructor(session, path, handlers) {
    this.#session = session;
    this.#path = path;
    this.#handlers = handlers;
  }

  /** Event id from which the next connection resumes; empty: from now. */
  get position() {
    return this.#lastId;
  }

  set position(id) {
    this.#lastId = id;
  }

  /** Close the stream permanently. */
  stop() {
    this.#stopped = true;
    this.#reconnectNow();
  }

  /** Run until the hunt is over, the server refuses, or `stop` is called. */
  async follow() {
    this.#running = true;
    const ended = new AbortController();
    const { signal } = ended;
    addEventListener("online", () => this.#wake(), { signal });
    addEventListener("offline", () => this.#attempt.abort(), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#wake(), { signal });
    try {
      for (let state = "connecting"; state !== "over" && !this.#stopped; ) {
        this.#handlers.state(state);
        this.#attempt = new AbortController();
        this.#pause = new AbortController();
        state = await this.#connect();
        if (state !== "over" && !this.#stopped) await this.#wait(state);
      }
      this.#handlers.state(this.#stopped ? "stopped" : "over");
    } catch (error) {
      this.#handlers.state("refused");
      this.#handlers.refused(error);
    } finally {
      ended.abort();
      this.#running = false;
    }
  }

  /** Start again from now, as the current player. */
  restart() {
    this.#lastId = "";
    if (this.#running) this.#reconnectNow();
    else this.follow();
  }

  /** Connect and read until the connection ends; return the next state. */
  async #connect() {
    const attempt = this.#attempt;
    this.#watchdog = new Watchdog(() => attempt.abort());
    try {
      const headers = this.#lastId ? { "Last-Event-ID": this.#lastId } : {};
      const response = await this.#session.fetch(this.#path, { headers, signal: attempt.signal, cache: "no-store" });
      if (response.status === 204) return "over";
      if (!response.ok) throw await errorFrom(response);
      return await this.#read(response.body.getReader());
    } catch (error) {
      if (error instanceof Refused) throw error;
      // A broken connection, a busy server and an expired watchdog are handled alike.
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
        if (event.event === "drain") this.#handlers.state((state = "draining"));
        if (event.event === "state" && JSON.parse(event.data).state === "over") state = "over"; // no reconnect can succeed
        this.#dispatch(event);
      }
    }
  }

  #dispatch(event) {
    if (event.retry !== undefined) this.#retry = Math.min(event.retry, MAX_RETRY);
    if (event.event === "hello") {
      this.#failures = 0;
      this.#watchdog.expect(JSON.parse(event.data).heartbeat);
      this.#live = true;
      this.#handlers.state("live");
    }
    if (event.event === "reset") this.#lastId = ""; // the server could not resume from it
    try {
      this.#handlers.event(event);
    } catch (error) {
      reportError(error); // a bug of the handler; reconnecting would repeat it forever
    }
    if (event.id !== undefined) this.#lastId = event.id;
  }

  /** Pause before the next attempt, with a countdown; the server has already jittered the `retry` of a drain. */
  async #wait(state) {
    const ms = this.#retry + (state === "draining" ? 0 : backoff(this.#failures++));
    const { signal } = this.#pause;
    if (signal.aborted) return;
    this.#handlers.state(state);
    for (let left = ms, until = Date.now() + ms; left > 0 && !signal.aborted; left = until - Date.now()) {
      this.#handlers.countdown(Math.ceil(left / 1000));
      await sleep(Math.min(left % 1000 || 1000, left), signal);
    }
    this.#handlers.countdown(0);
  }

  /** Reconnect without a pause after the page became visible or the network came back, unless the stream is healthy. */
  #wake() {
    if (!this.#live || this.#watchdog.silent) this.#reconnectNow();
  }

  #reconnectNow() {
    this.#attempt.abort();
    this.#pause.abort();
  }
}
