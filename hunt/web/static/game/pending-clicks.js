// The player's clicks that have no outcome yet.

import { Unconfirmed, uuid } from "../lib/hunt.js";
import { refusalText, say } from "./words.js";

export class PendingClicks {
  #hunt;
  #map;
  #kept;
  #handlers;
  #positions = new Map(); // click id -> position, until the outcome is known
  #unconfirmed = new Set(); // ids of pending clicks that are no longer retried

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {import("./map.js").GameMap} map
   * @param {import("./kept-clicks.js").KeptClicks} kept
   * @param {{reward: (reward: object) => void, settled: (reward: object) => void, kind: (reward: object) => string,
   *   hint: (reward: object) => void, say: (text: string, kind: string) => void, unconfirmed: (count: number) => void}} handlers `reward`: the answer to
   *   a click; `settled`: the outcome of a click of this page, from wherever it came; `hint`: the answer has a hint; `kind`: of mark
   */
  constructor(hunt, map, kept, handlers) {
    this.#hunt = hunt;
    this.#map = map;
    this.#kept = kept;
    this.#handlers = handlers;
  }

  /** Send a click; offline it is kept, and sent by `resume`. */
  click(position) {
    const id = uuid();
    this.#kept.keep({ id, ...position });
    if (navigator.onLine) return this.#send(id, position);
    this.#wait(id, position);
    this.#handlers.say(say("kept", { count: this.#unconfirmed.size }), "busy");
  }

  /** Send the clicks that an earlier page of this player has left without an outcome. */
  restore() {
    for (const { id, x, y, accuracy } of this.#kept.all()) this.#send(id, { x, y, accuracy });
  }

  /** Send the kept clicks, because the server can be reached again. */
  resume() {
    const count = this.#unconfirmed.size;
    if (!count) return;
    this.#sendAgain();
    this.#handlers.say(say("resent", { count }), "busy");
  }

  /** Send unconfirmed clicks again, with their ids. */
  retry() {
    this.#sendAgain();
    this.#handlers.say(say("tryingAgain"), "busy");
  }

  /**
   * Settle the click of a reward. The answer, the stream and the history may each deliver the same reward.
   * @returns {boolean} whether the click was pending
   */
  settle(reward) {
    const position = this.#positions.get(reward.id);
    if (!position) return false;
    this.#remove(reward.id);
    this.#map.mark(reward.id, position, this.#handlers.kind(reward));
    this.#handlers.settled(reward);
    return true;
  }

  #sendAgain() {
    const ids = [...this.#unconfirmed];
    this.#unconfirmed.clear();
    this.#handlers.unconfirmed(0);
    for (const id of ids) this.#send(id, this.#positions.get(id));
  }

  async #send(id, position) {
    this.#positions.set(id, position);
    this.#map.mark(id, position, "waiting");
    try {
      const reward = await this.#hunt.click(position.x, position.y, id, {
        accuracy: position.accuracy,
        settled: () => !this.#positions.has(id),
        waiting: (_, why) => this.#handlers.say(retryText(why), "busy"),
      });
      if (reward) this.#handlers.reward(reward);
      if (reward?.hint !== undefined) this.#handlers.hint(reward);
    } catch (error) {
      if (!this.#positions.has(id)) return; // the stream has delivered the outcome meanwhile
      if (error instanceof Unconfirmed) this.#giveUp(id, position);
      else this.#refuse(id, error);
    }
  }

  /** Leave a click without an outcome until it is sent again. */
  #wait(id, position) {
    this.#positions.set(id, position);
    this.#unconfirmed.add(id);
    this.#map.mark(id, position, "unconfirmed");
    this.#handlers.unconfirmed(this.#unconfirmed.size);
  }

  #giveUp(id, position) {
    this.#wait(id, position);
    this.#handlers.say(say("unconfirmed", { count: this.#unconfirmed.size }), "bad");
  }

  #refuse(id, error) {
    this.#remove(id);
    this.#map.unmark(id);
    this.#handlers.say(reasonText(error), "bad");
  }

  #remove(id) {
    this.#positions.delete(id);
    this.#kept.drop(id);
    if (this.#unconfirmed.delete(id)) this.#handlers.unconfirmed(this.#unconfirmed.size);
  }
}

/** Return the reason why a click was refused. */
function reasonText(error) {
  return error.type === "too-far" ? say("tooFar", { wait: waitText(error.retryAfter) }) : refusalText(error);
}

function waitText(ms) {
  const seconds = Math.ceil(ms / 1000);
  return seconds <= 90 ? say("seconds", { count: seconds }) : say("minutes", { count: Math.ceil(seconds / 60) });
}

/** Return the reason why a click is retried. */
function retryText({ status, ms }) {
  if (status === 0) return navigator.onLine ? say("noAnswer") : say("kept", { count: 1 });
  return status === 429 ? say("tooFast", { wait: waitText(ms) }) : say("busy");
}
