// The player's clicks that have no outcome yet, on the map and in words.

import { Unconfirmed, uuid } from "../lib/hunt.js";

export class Shots {
  #hunt;
  #chart;
  #told;
  #open = new Map(); // click id -> place, until there is an outcome
  #unsure = new Set(); // ids of open clicks that are no longer sent

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {import("./map.js").Chart} chart
   * @param {{reward: (reward: object) => void, settled: (reward: object) => void,
   *   kind: (reward: object) => string, say: (text: string, kind: string) => void, unsure: (count: number) => void}} told
   */
  constructor(hunt, chart, told) {
    this.#hunt = hunt;
    this.#chart = chart;
    this.#told = told;
  }

  shoot(place) {
    return this.#send(uuid(), place);
  }

  /** Send what could not be confirmed once more, under the ids it had. */
  again() {
    const ids = [...this.#unsure];
    this.#unsure.clear();
    this.#told.unsure(0);
    this.#told.say("Trying again …", "busy");
    for (const id of ids) this.#send(id, this.#open.get(id));
  }

  /**
   * Take a reward, whichever way it came: the answer, the stream and the history may all bring it.
   * @returns {boolean} whether its click was waited for here
   */
  settle(reward) {
    const place = this.#open.get(reward.id);
    if (!place) return false;
    this.#close(reward.id);
    this.#chart.mark(reward.id, place, this.#told.kind(reward));
    this.#told.settled(reward);
    return true;
  }

  async #send(id, place) {
    this.#open.set(id, place);
    this.#chart.mark(id, place, "waiting");
    try {
      const reward = await this.#hunt.click(place.x, place.y, id, {
        settled: () => !this.#open.has(id),
        waiting: (_, why) => this.#told.say(waits(why), "busy"),
      });
      if (reward) this.#told.reward(reward);
    } catch (error) {
      if (!this.#open.has(id)) return; // settled by the stream meanwhile
      if (error instanceof Unconfirmed) this.#doubt(id, place);
      else this.#refuse(id, error);
    }
  }

  #doubt(id, place) {
    this.#unsure.add(id);
    this.#chart.mark(id, place, "unsure");
    const count = this.#unsure.size;
    this.#told.say(count === 1 ? "A click could not be confirmed." : `${count} clicks could not be confirmed.`, "bad");
    this.#told.unsure(count);
  }

  #refuse(id, error) {
    this.#close(id);
    this.#chart.unmark(id);
    this.#told.say(error.message, "bad");
  }

  #close(id) {
    this.#open.delete(id);
    if (this.#unsure.delete(id)) this.#told.unsure(this.#unsure.size);
  }
}

/** Why a click waits, in words. */
function waits({ status, ms }) {
  if (status === 0) return "No answer yet. Still trying …";
  if (status !== 429) return "The server is busy. Still trying …";
  const seconds = Math.ceil(ms / 1000);
  return `Too fast. Your click is sent again in ${seconds === 1 ? "a second" : `${seconds} seconds`} …`;
}
