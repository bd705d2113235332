// The state of the hunt, and the announcement of its operator, above the map.

import { say } from "./words.js";

const SHOWN = new Set(["waiting", "paused", "closing"]);

/** Two live regions: a change is announced to screen readers, a repeated value is not. */
export class LiveLines {
  #lines;

  /** @param {{state: Element, announcement: Element}} lines live regions, which are empty at first */
  constructor(lines) {
    this.#lines = lines;
  }

  /** @param {string} state of the hunt; an open hunt needs no words, and the connection status tells its end */
  state(state) {
    show(this.#lines.state, SHOWN.has(state) ? say(`hunt.${state}`) : "");
  }

  /** @param {string | null} text null: it was withdrawn */
  announcement(text) {
    show(this.#lines.announcement, text ?? "");
  }
}

function show(line, text) {
  if (line.textContent !== text) line.textContent = text;
}
