// The stream of all players in a hunt: their wins, and the leaderboard.

import { EventStream } from "./event-stream.js";
import { streamName } from "./reward-stream.js";
import { SharedStream } from "./shared-stream.js";

/** Open while it has a listener and the page is visible. Missed wins are not replayed. */
export class AllPlayersStream {
  #session;
  #path;
  #listeners = new Set();
  #stream = null;
  #greeted = false; // the stream is open
  #unsubscribe = () => {};

  /**
   * @param {import("./session.js").Session} session
   * @param {string} hunt id
   */
  constructor(session, hunt) {
    this.#session = session;
    this.#path = `/v1/hunts/${hunt}/events?scope=all`;
  }

  /**
   * Add a listener.
   * @param {{wins?: (wins: object[]) => void, leaders?: (leaders: object[]) => void, open?: () => void,
   *   refused?: (error: Error) => void}} listener `wins`: called with a batch of wins, newest last; `leaders`: called with
   *   the first entries of the leaderboard after each change; `open`: called when the stream has opened, and if it is open
   * @returns {{stop: () => void}}
   */
  add(listener) {
    this.#listeners.add(listener);
    if (this.#stream === null) this.#begin();
    else if (this.#greeted) listener.open?.();
    return { stop: () => this.#remove(listener) };
  }

  #remove(listener) {
    if (!this.#listeners.delete(listener) || this.#listeners.size) return;
    this.#unsubscribe();
    this.#end();
  }

  #begin() {
    const restart = () => {
      this.#end();
      this.#open();
    };
    this.#unsubscribe = this.#session.onchange(restart);
    this.#open();
  }

  #open() {
    const open = (handlers) => new EventStream(this.#session, this.#path, handlers);
    this.#stream = new SharedStream(streamName(this.#session, this.#path), open, {
      event: ({ event, data }) => this.#event(event, data),
      state: () => {},
      countdown: () => {},
      refused: (error) => this.#tell("refused", error),
    }, { onlyVisible: true });
    this.#stream.follow();
  }

  #end() {
    this.#stream.stop();
    this.#stream = null;
    this.#greeted = false;
  }

  #event(event, data) {
    if (event === "hello") {
      this.#greeted = true;
      this.#tell("open");
    } else if (event === "wins" || event === "leaders") this.#tell(event, JSON.parse(data)[event]);
  }

  #tell(name, value) {
    for (const listener of [...this.#listeners]) listener[name]?.(value);
  }
}
