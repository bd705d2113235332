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

const english = (key, values) => (key === "state.in" ? ` in ${values.seconds} s` : WORDS[key.slice(6)]);

/** Shows a state, which screen readers announce, and the seconds to the next attempt, which they do not. */
export class ConnectionStatus {
  #frame;
  #words;
  #seconds;
  #shown = "connecting";
  #say;

  /** @param {(key: string, values?: object) => string} [say] returns the words of a state; default: English */
  constructor(frame, words, seconds, say = english) {
    this.#say = say;
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
    this.#words.textContent = this.#say(`state.${shown}`);
    this.#seconds.textContent = "";
  }

  countdown(seconds) {
    if (this.#shown !== "waiting" && this.#shown !== "draining") return;
    this.#seconds.textContent = seconds ? this.#say("state.in", { seconds }) : " …";
  }
}
