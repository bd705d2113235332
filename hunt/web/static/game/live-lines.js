// The state of the hunt, and the announcement of its operator, above the map.

const STATES = {
  waiting: "The hunt has not begun yet.",
  paused: "The hunt is paused. It will go on soon.",
  closing: "The hunt is about to end.",
};

/** Two live regions: a change is announced to screen readers, a repeated value is not. */
export class LiveLines {
  #lines;

  /** @param {{state: Element, announcement: Element}} lines live regions, which are empty at first */
  constructor(lines) {
    this.#lines = lines;
  }

  /** @param {string} state of the hunt; an open hunt needs no words, and the connection status tells its end */
  state(state) {
    show(this.#lines.state, STATES[state] ?? "");
  }

  /** @param {string | null} text null: it was withdrawn */
  announcement(text) {
    show(this.#lines.announcement, text ?? "");
  }
}

function show(line, text) {
  if (line.textContent !== text) line.textContent = text;
}
