// One event stream for all tabs of a browser: one tab (the leader) reads it and forwards it to the others.
//
// Over HTTP/1.1 a browser opens at most six connections to a server, for all tabs together. With a stream each, six
// tabs would leave no connection for a click. The leader is the tab that holds a Web Lock. The browser releases the lock
// when that tab closes or crashes.

import { Refused } from "./errors.js";

const RESPONSE_TIMEOUT = 3_000; // ms; a leader that does not answer is a hidden tab that the system has suspended
const LIVE = ["state", "stock", "announcement", "leaders"]; // events of which the last one is repeated to tabs that join
const CHECK_PERIOD = 20_000; // ms between two checks whether the leader answers

/**
 * Has the interface of `EventStream`. Without a name, or without Web Locks (which browsers provide in secure contexts
 * only), the stream is this tab's own; without locks it is open only while the tab is visible.
 */
export class SharedStream {
  #name;
  #open;
  #handlers;
  #onlyVisible;
  #channel = null;
  #stream = null; // while this tab is the leader
  #position = "";
  #term = 0; // of the current leader; messages of an earlier term are ignored
  #last = { live: {} }; // `hello`, `state`, and live events by name, for tabs that join later
  #request = null; // AbortController of the lock request
  #release = () => {};
  #ended = new AbortController();
  #away = false; // the page is in the back/forward cache, or the stream has ended
  #heard = 0; // ms, wall clock, of the leader's last message
  #timer = 0;

  /**
   * @param {string | null} name of the lock and of the channel; null: not shared
   * @param {(handlers: object) => import("./event-stream.js").EventStream} open makes the stream
   * @param {object} handlers as for `EventStream`; an event from another tab also has the `position` after it, and
   *   `first`: whether it is the first event that this tab receives
   * @param {{onlyVisible?: boolean}} options `onlyVisible`: only a visible tab may read the stream
   */
  constructor(name, open, handlers, { onlyVisible = false } = {}) {
    this.#name = navigator.locks ? name : null;
    this.#open = open;
    this.#handlers = handlers;
    this.#onlyVisible = onlyVisible || this.#name !== name;
  }

  /** Event id from which the stream resumes; empty: from now. */
  get position() {
    return this.#stream?.position ?? this.#position;
  }

  set position(id) {
    this.#position = id;
    if (this.#stream) this.#stream.position = id;
  }

  /** Start: become the leader, or receive events from it. */
  follow() {
    const { signal } = this.#ended;
    document.addEventListener("visibilitychange", () => this.#pageChanged(), { signal });
    addEventListener("pagehide", () => this.#pageChanged({ away: true }), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#pageChanged({ away: false }), { signal });
    if (this.#name !== null) {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#receive(data);
    }
    this.#checkLeader();
    this.#requestLock();
  }

  /** Close the stream permanently, and the channel. */
  stop() {
    this.#end();
    this.#channel?.close();
    this.#channel = null;
  }

  #end() {
    this.#ended.abort();
    this.#away = true;
    clearTimeout(this.#timer);
    this.#resign();
  }

  get #visible() {
    return document.visibilityState === "visible";
  }

  get #mayLead() {
    return !this.#away && (this.#visible || !this.#onlyVisible);
  }

  /** Resign when the page goes away; take over when it becomes visible, because the leader may be suspended. */
  #pageChanged({ away = this.#away } = {}) {
    this.#away = away;
    if (!this.#mayLead) this.#resign();
    else this.#requestLock({ steal: this.#visible });
  }

  /** Wait for the lock, and lead while this tab holds it. */
  async #requestLock({ steal = false } = {}) {
    if (!this.#mayLead || this.#stream || (this.#request && !steal)) return;
    if (this.#name === null) return this.#lead();
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const held = () => {
      if (this.#request !== request) return null; // superseded meanwhile
      this.#lead();
      return new Promise((resolve) => (this.#release = resolve));
    };
    try {
      await navigator.locks.request(this.#name, steal ? { steal } : { signal: request.signal }, held);
    } catch (error) {
      // AbortError: this tab gave up, or another tab took the lock. Otherwise this page may not use locks.
      if (error.name !== "AbortError") this.#name = null;
    }
    if (this.#request !== request) return;
    this.#resign();
    this.#checkLeader();
    this.#requestLock();
  }

  /** Open the stream, deliver its events to this tab, and broadcast them. */
  #lead() {
    this.#term = Math.max(this.#term + 1, Date.now()); // all tabs share one clock, so a later leader has a later term
    const ifCurrent = (forward) => (value) => this.#stream === stream && forward(value);
    const stream = this.#open({
      event: ifCurrent((event) => this.#forward({ event })),
      state: ifCurrent((state) => this.#forward({ state })),
      countdown: ifCurrent((countdown) => this.#forward({ countdown })),
      refused: ifCurrent(({ status, message }) => this.#forward({ refused: { status, message } })),
    });
    stream.position = this.#position;
    this.#stream = stream;
    clearTimeout(this.#timer);
    stream.follow();
  }

  /** Close the stream if this tab is the leader, and release the lock. */
  #resign() {
    const stream = this.#stream;
    this.#request?.abort();
    this.#request = null;
    if (!stream) return;
    this.#position = stream.position;
    this.#stream = null; // before `stop`, so that its `stopped` state is not forwarded
    stream.stop();
    this.#release();
  }

  #forward(message) {
    if (message.state === "connecting" && this.#last.state === "live") return; // a change of leader is not shown
    this.#deliver(message);
    if (message.event) message.position = message.event.id ?? this.position;
    this.#broadcast(message);
  }

  #broadcast(message) {
    this.#channel?.postMessage({ ...message, term: this.#term });
  }

  #deliver({ event, state, countdown, refused }) {
    if (event?.event === "hello") Object.assign(this.#last, { hello: event, live: {} });
    else if (LIVE.includes(event?.event)) this.#last.live[event.event] = event;
    if (event) this.#handlers.event(event);
    else if (countdown !== undefined) this.#handlers.countdown(countdown);
    else if (refused) this.#handlers.refused(new Refused(refused.status, refused.message));
    else this.#handlers.state((this.#last.state = state));
    if (refused || state === "over") queueMicrotask(() => this.#end()); // final in every tab
  }

  /** Ask the leader regularly whether it is alive; take over if it does not answer. */
  #checkLeader() {
    clearTimeout(this.#timer);
    if (!this.#channel) return;
    const asked = Date.now();
    this.#channel.postMessage({ question: true });
    this.#timer = setTimeout(() => {
      if (this.#visible && this.#heard < asked) this.#requestLock({ steal: true });
      else this.#timer = setTimeout(() => this.#checkLeader(), CHECK_PERIOD);
    }, RESPONSE_TIMEOUT);
  }

  #receive({ question, answer, position, term, ...message }) {
    if (question) {
      if (this.#stream) this.#broadcast({ answer: this.#last, position: this.position });
      return;
    }
    if (this.#stream ? term <= this.#term : term < this.#term) return; // from a former leader; the new one repeats it
    this.#term = term;
    if (this.#stream) {
      // Another tab has taken over. The lock reports the loss too late.
      this.#resign();
      this.#checkLeader();
      this.#requestLock();
    }
    this.#heard = Date.now();
    const { hello, state, live = {} } = answer ?? {};
    if (answer && (this.#last.hello || !hello)) return; // meant for another tab, or the leader is not connected yet
    const event = hello ?? message.event;
    if (event) this.#deliver({ event: { ...event, position, first: !this.#last.hello } });
    else this.#deliver(message);
    for (const each of Object.values(live)) this.#deliver({ event: each });
    if (answer) this.#deliver({ state });
    if (position !== undefined) this.#position = position;
  }
}
