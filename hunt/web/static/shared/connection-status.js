// What the page says about its connection.

const WORDS = {
  connecting: "connecting …",
  live: "live",
  waiting: "reconnecting",
  draining: "server draining, reconnecting",
  offline: "offline",
  over: "the hunt is over",
  refused: "not connected",
};

/** A state, which is read out when it changes, and the seconds to the next attempt, which are only seen. */
export class Connection {
  #frame;
  #words;
  #seconds;
  #shown = "connecting";

  constructor(frame, words, seconds) {
    this.#frame = frame;
    this.#words = words;
    this.#seconds = seconds;
  }

  state(state) {
    const shown = state === "waiting" && !navigator.onLine ? "offline" : state;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#frame.dataset.state = shown;
    this.#words.textContent = WORDS[shown];
    this.#seconds.textContent = "";
  }

  countdown(seconds) {
    if (this.#shown !== "waiting" && this.#shown !== "draining") return;
    this.#seconds.textContent = seconds ? ` in ${seconds} s` : " …";
  }
}
