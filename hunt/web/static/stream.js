// A stream of events that is always there: it reconnects, resumes, and notices when it is dead.
//
// EventSource would not do: it hides the heartbeats, which are comments, so a page could not tell a quiet stream from
// one that a phone has killed in its sleep; and it gives up for good on any status but 200.

import { backoff } from "./api.js";

const SILENCE = 37_500; // ms without a byte, 2.5 heartbeats, after which the connection counts as dead

/** Splits text into events, however it is cut into chunks. */
export class Parser {
  #rest = "";
  #event = {};

  /** @returns {{event: string, data: string, id?: string, retry?: number}[]} */
  feed(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line !== "") {
        const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (name === "data") this.#event.data = this.#event.data === undefined ? value : `${this.#event.data}\n${value}`;
        else if (name === "retry") this.#event.retry = Number(value);
        else if (name) this.#event[name] = value;
      } else {
        if (this.#event.data !== undefined || this.#event.retry !== undefined) events.push({ event: "", data: "", ...this.#event });
        this.#event = {};
      }
    }
    return events;
  }
}

/**
 * Follow a stream for ever; its states are `connecting`, `live`, `draining`, `waiting` (with seconds left), `over`, `refused`.
 * @param {string} path
 * @param {{event: (event: object) => void, state: (state: string, seconds?: number) => void}} told
 */
export async function follow(path, told) {
  let lastId = "";
  let retry = 2000;
  for (let attempt = 0; ; attempt++) {
    told.state("connecting");
    let draining = false;
    const abort = new AbortController();
    const watchdog = new Watchdog(() => abort.abort());
    try {
      const headers = lastId ? { "Last-Event-ID": lastId } : {};
      const response = await fetch(path, { headers, signal: abort.signal, cache: "no-store" });
      if (response.status === 204) return told.state("over");
      if (response.status === 401 || response.status === 403 || response.status === 404) return told.state("refused");
      if (response.ok) {
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        const parser = new Parser();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          watchdog.reset();
          for (const event of parser.feed(value)) {
            if (event.id) lastId = event.id;
            if (event.retry !== undefined) retry = event.retry;
            if (event.event === "hello") {
              attempt = 0;
              told.state("live");
            }
            draining = draining || event.event === "drain";
            if (event.event) told.event(event);
          }
        }
      }
    } catch {
      // The connection broke, or the watchdog ended it; both are the same from here.
    } finally {
      watchdog.stop();
    }
    await countdown(retry + backoff(attempt), draining ? "draining" : "waiting", told.state);
  }
}

/** Wait, and tell the seconds; the network's return, or the page's, ends the wait. */
function countdown(ms, state, tell) {
  return new Promise((resolve) => {
    const until = Date.now() + ms;
    const visible = () => document.visibilityState === "visible" && done();
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left <= 0) done();
      else tell(state, left);
    };
    const timer = setInterval(tick, 250);
    function done() {
      clearInterval(timer);
      removeEventListener("online", done);
      document.removeEventListener("visibilitychange", visible);
      resolve();
    }
    addEventListener("online", done);
    document.addEventListener("visibilitychange", visible);
    tick();
  });
}

/** Calls back after silence, or when the page comes back to light after it. */
class Watchdog {
  constructor(bark) {
    this.last = Date.now();
    this.look = () => Date.now() - this.last > SILENCE && bark();
    this.timer = setInterval(this.look, 5000);
    document.addEventListener("visibilitychange", this.look);
    this.offline = () => bark();
    addEventListener("offline", this.offline);
  }
  reset() {
    this.last = Date.now();
  }
  stop() {
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.look);
    removeEventListener("offline", this.offline);
  }
}
