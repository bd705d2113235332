// The stream of a player's own rewards in a hunt.

import { eventId, seqOf } from "./event-id.js";
import { EventStream } from "./event-stream.js";
import { SharedStream } from "./shared-stream.js";

/** Return the name under which tabs share a stream (same server, path and guest); null for a player with a token. */
export const streamName = (session, path) => (session.player === null ? null : `hunt ${session.player} ${session.base}${path}`);

/**
 * Delivers each reward once, by ascending `seq`, across reconnects, also when another tab reads the stream. When the guest
 * is replaced, it follows the new one.
 */
export class RewardStream {
  #session;
  #path;
  #handlers;
  #stream = null;
  #start = ""; // event id from which to continue after a reset
  #epoch = ""; // empty until the first greeting
  #delivered = 0; // seq of the last delivered reward
  #unsubscribe;

  /** @param {object} handlers see `Hunt.follow` */
  constructor(session, hunt, handlers, after) {
    this.#session = session;
    this.#path = `/v1/hunts/${hunt}/events`;
    this.#handlers = handlers;
    this.#unsubscribe = session.onchange(() => {
      this.#stream.stop();
      this.#open("");
    });
    this.#open(after);
  }

  get position() {
    return this.#stream.position;
  }

  stop() {
    this.#unsubscribe();
    this.#stream.stop();
    this.#handlers.state?.("stopped");
  }

  #open(after) {
    const open = (handlers) => new EventStream(this.#session, this.#path, handlers);
    // A stream that resumes from `after` needs its own replay, so it is not shared.
    this.#stream = new SharedStream(after ? null : streamName(this.#session, this.#path), open, {
      event: (event) => this.#dispatch(event),
      state: (state) => state !== "stopped" && this.#handlers.state?.(state),
      countdown: (seconds) => this.#handlers.countdown?.(seconds),
      refused: (error) => this.#handlers.refused?.(error),
    });
    this.#start = this.#stream.position = after;
    this.#epoch = "";
    this.#stream.follow();
  }

  #dispatch({ event, data, ...forwarded }) {
    if (event === "reward") this.#reward(JSON.parse(data));
    else if (event === "hello") this.#hello(JSON.parse(data), forwarded);
    else if (event === "reward_state") this.#handlers.rewardState?.(JSON.parse(data));
    else if (event === "reset") this.#reset(JSON.parse(data));
    else if (event && event !== "drain") this.#handlers.live?.(event, JSON.parse(data));
  }

  #reward(reward) {
    if (reward.seq <= this.#delivered) return; // repeated by a new leader tab
    this.#delivered = reward.seq;
    this.#handlers.reward(reward);
  }

  /**
   * @param {object} hello the greeting of the stream
   * @param {{position?: string, first?: boolean}} forwarded set by `SharedStream` if another tab reads the stream
   */
  #hello(hello, { position, first }) {
    // For a tab that joins later, the stream begins at the position that the leader has reached.
    const greeting = first ? { ...hello, seq: seqOf(position), resumed: false } : hello;
    const greetedBefore = this.#epoch !== "";
    this.#epoch = greeting.epoch;
    if (!greeting.resumed) {
      this.#stream.position = this.#start = eventId(greeting.epoch, greeting.seq);
      this.#delivered = greeting.seq;
    } else if (!greetedBefore) this.#delivered = seqOf(this.#start);
    this.#handlers.hello?.(greeting);
    // A new leader that did not resume may have started after the last reward that this tab received.
    if (position && greetedBefore && !greeting.resumed) this.#handlers.reset?.({ reason: "another tab opened a new stream" });
  }

  #reset(why) {
    this.#stream.position = this.#start;
    this.#handlers.reset?.(why);
  }
}
