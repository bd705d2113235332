// One stream for all tabs of a browser: one of them follows it, and tells the others.
//
// Over HTTP/1.1 a browser has six connections to a server, all tabs together.  With streams of their own, six tabs would
// leave none for a click.  Who follows is who holds a lock of the browser's, which is free again however its tab ends.

import { Refused } from "./errors.js";

const SILENCE = 3_000; // ms that the tab that follows has to answer; a phone lets a hidden tab sleep with its lock
const PERIOD = 20_000; // ms between two questions whether it is still awake

/**
 * A stream that from outside is like `Stream`.  Without a name it is this tab's own.  Without locks, which a browser
 * has only where it trusts the connection, it is this tab's own while the tab is seen.
 */
export class Relay {
  #name;
  #open;
  #told;
  #seen;
  #channel = null;
  #stream = null; // while this tab follows
  #position = "";
  #term = 0; // of the tab that follows: of two, the later one counts
  #last = {}; // what a tab that comes later has to know: the greeting, the state
  #asking = null; // for the lock; ends the wait for it
  #release = () => {};
  #leaving = new AbortController();
  #away = false; // in the browser's cache of pages, or done with
  #heard = 0; // ms, by the clock on the wall, when another tab last told something
  #timer = 0;

  /**
   * @param {string | null} name of what is shared
   * @param {(told: object) => import("./event-stream.js").Stream} open makes a stream
   * @param {object} told as for `Stream`; an event that another tab has passed on has the `position` after it, and
   *   whether it is the `first` that this tab hears
   * @param {{seen?: boolean}} options `seen`: only a tab that is seen follows
   */
  constructor(name, open, told, { seen = false } = {}) {
    this.#name = navigator.locks ? name : null;
    this.#open = open;
    this.#told = told;
    this.#seen = seen || this.#name !== name;
  }

  /** The event id to go on from, empty where there is none. */
  get position() {
    return this.#stream?.position ?? this.#position;
  }

  set position(id) {
    this.#position = id;
    if (this.#stream) this.#stream.position = id;
  }

  /** Follow, or hear from the tab that does, until somebody stops it. */
  follow() {
    const { signal } = this.#leaving;
    document.addEventListener("visibilitychange", () => this.#turn(), { signal });
    addEventListener("pagehide", () => this.#turn({ away: true }), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#turn({ away: false }), { signal });
    if (this.#name !== null) {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#hear(data);
    }
    this.#inquire();
    this.#queue();
  }

  /** End it, for good. */
  stop() {
    this.#end();
    this.#channel?.close();
    this.#channel = null;
  }

  #end() {
    this.#leaving.abort();
    this.#away = true;
    clearTimeout(this.#timer);
    this.#letGo();
  }

  get #visible() {
    return document.visibilityState === "visible";
  }

  get #wanted() {
    return !this.#away && (this.#visible || !this.#seen);
  }

  /** The page was hidden, or came to light: it is awake then, and takes over from one that may not be. */
  #turn({ away = this.#away } = {}) {
    this.#away = away;
    if (!this.#wanted) this.#letGo();
    else this.#queue({ steal: this.#visible });
  }

  /** Wait for the lock, and follow while it is ours. */
  async #queue({ steal = false } = {}) {
    if (!this.#wanted || this.#stream || (this.#asking && !steal)) return;
    if (this.#name === null) return this.#lead();
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const held = () => {
      if (this.#asking !== asking) return null; // given up meanwhile
      this.#lead();
      return new Promise((resolve) => (this.#release = resolve));
    };
    try {
      await navigator.locks.request(this.#name, steal ? { steal } : { signal: asking.signal }, held);
    } catch (error) {
      // The wait was given up, or another tab has taken over; else the browser lets this page have no locks.
      if (error.name !== "AbortError") this.#name = null;
    }
    if (this.#asking !== asking) return;
    this.#letGo();
    this.#inquire();
    this.#queue();
  }

  #lead() {
    this.#term = Math.max(this.#term + 1, Date.now()); // by one clock for all tabs, which also who heard nothing has
    const ours = (take) => (what) => this.#stream === stream && take(what);
    const stream = this.#open({
      event: ours((event) => this.#tell({ event })),
      state: ours((state) => this.#tell({ state })),
      countdown: ours((countdown) => this.#tell({ countdown })),
      refused: ours(({ status, message }) => this.#tell({ refused: { status, message } })),
    });
    stream.position = this.#position;
    this.#stream = stream;
    clearTimeout(this.#timer);
    stream.follow();
  }

  #letGo() {
    const stream = this.#stream;
    this.#asking?.abort();
    this.#asking = null;
    if (!stream) return;
    this.#position = stream.position;
    this.#stream = null; // first: that it stops is no news
    stream.stop();
    this.#release();
  }

  /** Take what the stream says, and pass it on. */
  #tell(message) {
    if (message.state === "connecting" && this.#last.state === "live") return; // one tab for another: no news
    this.#take(message);
    if (message.event) message.position = message.event.id ?? this.position;
    this.#say(message);
  }

  #say(message) {
    this.#channel?.postMessage({ ...message, term: this.#term });
  }

  #take({ event, state, countdown, refused }) {
    if (event?.event === "hello") this.#last.hello = event;
    if (event) this.#told.event(event);
    else if (countdown !== undefined) this.#told.countdown(countdown);
    else if (refused) this.#told.refused(new Refused(refused.status, refused.message));
    else this.#told.state((this.#last.state = state));
    if (refused || state === "over") queueMicrotask(() => this.#end()); // for all tabs
  }

  /** Is there a tab that follows?  One that does not answer is asleep, and this one takes over. */
  #inquire() {
    clearTimeout(this.#timer);
    if (!this.#channel) return;
    const asked = Date.now();
    this.#channel.postMessage({ asks: true });
    this.#timer = setTimeout(() => {
      if (this.#visible && this.#heard < asked) this.#queue({ steal: true });
      else this.#timer = setTimeout(() => this.#inquire(), PERIOD);
    }, SILENCE);
  }

  #hear({ asks, welcome, position, term, ...message }) {
    if (asks) {
      if (this.#stream) this.#say({ welcome: this.#last, position: this.position });
      return;
    }
    if (this.#stream ? term <= this.#term : term < this.#term) return; // the tab that followed before; told again
    this.#term = term;
    if (this.#stream) {
      // Another tab has taken over, and this is how we learn it: the lock tells it too late.
      this.#letGo();
      this.#inquire();
      this.#queue();
    }
    this.#heard = Date.now();
    const { hello, state } = welcome ?? {};
    if (welcome && (this.#last.hello || !hello)) return; // it is another tab that has asked, or too early
    const event = hello ?? message.event;
    if (event) this.#take({ event: { ...event, position, first: !this.#last.hello } });
    else this.#take(message);
    if (welcome) this.#take({ state });
    if (position !== undefined) this.#position = position;
  }
}
