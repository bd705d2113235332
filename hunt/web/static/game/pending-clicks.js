// The player's clicks that have no outcome yet.

import { Unconfirmed, uuid } from "../lib/hunt.js";

export class PendingClicks {
  #hunt;
  #map;
  #handlers;
  #positions = new Map(); // click id -> position, until the outcome is known
  #unconfirmed = new Set(); // ids of pending clicks that are no longer retried

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {import("./map.js").GameMap} map
   * @param {{reward: (reward: object) => void, settled: (reward: object) => void, kind: (reward: object) => string,
   *   say: (text: string, kind: string) => void, unconfirmed: (count: number) => void}} handlers `reward`: the answer to
   *   a click; `settled`: the outcome of a click of this page, from wherever it came; `kind`: of mark
   */
  constructor(hunt, map, handlers) {
    this.#hunt = hunt;
    this.#map = map;
    this.#handlers = handlers;
  }

  click(position) {
    return this.#send(uuid(), position);
  }

  /** Send unconfirmed clicks again, with their ids. */
  retry() {
    const ids = [...this.#unconfirmed];
    this.#unconfirmed.clear();
    this.#handlers.unconfirmed(0);
    this.#handlers.say("Trying again …", "busy");
    for (const id of ids) this.#send(id, this.#positions.get(id));
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
    } catch (error) {
      if (!this.#positions.has(id)) return; // the stream has delivered the outcome meanwhile
      if (error instanceof Unconfirmed) this.#giveUp(id, position);
      else this.#refuse(id, error);
    }
  }

  #giveUp(id, position) {
    this.#unconfirmed.add(id);
    this.#map.mark(id, position, "unconfirmed");
    const count = this.#unconfirmed.size;
    const clicks = count === 1 ? "A click" : `${count} clicks`;
    this.#handlers.say(`${clicks} could not be confirmed. It is safe to try again.`, "bad");
    this.#handlers.unconfirmed(count);
  }

  #refuse(id, error) {
    this.#remove(id);
    this.#map.unmark(id);
    this.#handlers.say(refusalText(error), "bad");
  }

  #remove(id) {
    this.#positions.delete(id);
    if (this.#unconfirmed.delete(id)) this.#handlers.unconfirmed(this.#unconfirmed.size);
  }
}

/** Return the reason why a click was refused. */
function refusalText({ type, message, retryAfter }) {
  if (type !== "too-far") return message;
  const seconds = Math.ceil(retryAfter / 1000);
  const minutes = Math.ceil(seconds / 60);
  const wait = seconds === 1 ? "a second" : seconds <= 90 ? `${seconds} seconds` : `${minutes} minutes`;
  return `You cannot have come this far since your last click. This place counts in ${wait}.`;
}

/** Return the reason why a click is retried. */
function retryText({ status, ms }) {
  if (status === 0) return "No answer yet. Your click is sent again …";
  if (status !== 429) return "The server is busy. Your click is sent again …";
  const seconds = Math.ceil(ms / 1000);
  return `Too fast. Your click is sent again in ${seconds === 1 ? "a second" : `${seconds} seconds`} …`;
}
