// The status line of the event stream.

const WORDS = {
  connecting: "connecting …",
  live: "live",
  waiting: "reconnecting",
  draining: "server restarting, reconnecting",
  offline: "offline",
  over: "the hunt is over",
  refused: "not connected",
};

/** Shows a state, which screen readers announce, and the seconds to the next attempt, which they do not. */
export class ConnectionStatus {
  #frame;
  #words;
  #seconds;
  #shown = "connecting";

  constructor(frame, words, seconds) {
    this.#frame = frame;
    this.#words = words;
    this.#seconds = seconds;
  }

  /** @param {string} state of an `EventStream` */
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
