// What a hunt tells: a player's own rewards, everybody's wins, and who leads.

import { Relay } from "./shared-stream.js";
import { Stream } from "./event-stream.js";

/** Which tabs may share a stream: those that would ask the same server for the same, as the same player. */
const shared = (session, path) => (session.player === null ? null : `hunt ${session.player} ${session.base}${path}`);

/**
 * A player's rewards, each once, by ascending `seq`, through reconnects and from whichever tab they come; a guest who
 * becomes another one is followed from then on.
 */
export class Following {
  #session;
  #path;
  #told;
  #relay = null;
  #began = ""; // where to go on from after a reset
  #epoch = "";
  #upto = 0; // seq of the last reward that was told
  #unwatch;

  /** @param {object} told see `Hunt.follow` */
  constructor(session, hunt, told, after) {
    this.#session = session;
    this.#path = `/v1/hunts/${hunt}/events`;
    this.#told = told;
    this.#unwatch = session.onchange(() => {
      this.#relay.stop();
      this.#begin("");
    });
    this.#begin(after);
  }

  get position() {
    return this.#relay.position;
  }

  stop() {
    this.#unwatch();
    this.#relay.stop();
    this.#told.state?.("stopped");
  }

  #begin(after) {
    const open = (told) => new Stream(this.#session, this.#path, told);
    // Who has a place of its own to go on from cannot hear from others what was before.
    this.#relay = new Relay(after ? null : shared(this.#session, this.#path), open, {
      event: (event) => this.#take(event),
      state: (state) => state !== "stopped" && this.#told.state?.(state),
      countdown: (seconds) => this.#told.countdown?.(seconds),
      refused: (error) => this.#told.refused?.(error),
    });
    this.#began = this.#relay.position = after;
    this.#epoch = "";
    this.#relay.follow();
  }

  #take({ event, data, ...passed }) {
    if (event === "reward") this.#reward(JSON.parse(data));
    else if (event === "hello") this.#hello(JSON.parse(data), passed);
    else if (event === "reset") this.#reset(JSON.parse(data));
  }

  #reward(reward) {
    if (reward.seq <= this.#upto) return; // the tab that has taken over tells it once more
    this.#upto = reward.seq;
    this.#told.reward(reward);
  }

  #hello(hello, { position, first }) {
    // A tab that comes later hears where the shared stream stands, and knows nothing of what was before.
    const stands = first ? { ...hello, seq: seqOf(position), resumed: false } : hello;
    const known = this.#epoch !== "";
    this.#epoch = stands.epoch;
    if (!stands.resumed) {
      this.#relay.position = this.#began = `${stands.epoch}-${stands.seq}`;
      this.#upto = stands.seq;
    } else if (!known) this.#upto = seqOf(this.#began);
    this.#told.hello?.(stands);
    // The tab that has taken over knew no place to go on from: its stream may begin later than ours ended.
    if (position && known && !stands.resumed) this.#told.reset?.({ reason: "begun anew by another tab" });
  }

  #reset(why) {
    this.#relay.position = this.#began;
    this.#told.reset?.(why);
  }
}

const seqOf = (position) => Number(position.split("-")[1] ?? 0);

/** Everybody's wins: those of the last moments in one piece, the newest last; what happened while nobody looked is not told. */
export function winners(session, hunt, told) {
  const path = `/v1/hunts/${hunt}/events?scope=all`;
  const open = (streamTold) => new Stream(session, path, streamTold);
  let relay;
  const begin = () => {
    relay = new Relay(shared(session, path), open, {
      event: ({ event, data }) => event === "wins" && told.wins(JSON.parse(data).wins),
      state: () => {},
      countdown: () => {},
      refused: (error) => told.refused?.(error),
    }, { seen: true });
    relay.follow();
  };
  const unwatch = session.onchange(() => {
    relay.stop();
    begin();
  });
  begin();
  return {
    stop() {
      unwatch();
      relay.stop();
    },
  };
}
