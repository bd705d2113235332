// What came of the last clicks: at once for who sees it, and now and then for who hears it.

import { onFrame } from "../shared/frames.js";
import { points } from "./prizes.js";

const PAUSE = 5_000; // ms between two sentences that are read out
const NAMED = 3; // prizes in one sentence

/** Clicks that were settled, added up. */
class Tally {
  clicks = 0;
  points = 0;
  #prizes = new Map(); // title -> how often

  add(title, points) {
    this.clicks++;
    this.points += points;
    if (title !== null) this.#prizes.set(title, (this.#prizes.get(title) ?? 0) + 1);
  }

  get won() {
    return this.#prizes.size > 0;
  }

  /** "12 clicks, 2 prizes: Gold coin, Sea shell." */
  toString() {
    if (!this.won) return this.clicks === 1 ? "Nothing but water." : `${this.clicks} clicks, nothing but water.`;
    if (this.clicks === 1) return `${[...this.#prizes.keys()][0]}: ${points(this.points)}.`;
    const names = [...this.#prizes].map(([title, times]) => (times === 1 ? title : `${times} × ${title}`));
    const prizes = [...this.#prizes.values()].reduce((sum, times) => sum + times);
    const more = names.length > NAMED ? ` and ${names.length - NAMED} kinds more` : "";
    const counted = prizes === 1 ? "1 prize" : `${prizes} prizes`;
    return `${this.clicks} clicks, ${counted}: ${names.slice(0, NAMED).join(", ")}${more}. ${points(this.points)}.`;
  }
}

/** Says one sentence, and then none for a while: what happens meanwhile is the next one. */
class Herald {
  #region;
  #tally = new Tally();
  #text = ""; // the last that is no outcome
  #said = "";
  #timer = 0;
  #speak = onFrame(() => this.#utter());

  constructor(region) {
    this.#region = region;
  }

  settled(title, points) {
    this.#tally.add(title, points);
    this.#plan();
  }

  /** @param {boolean} once it is not said again while nothing else was */
  say(text, once) {
    if (once && text === this.#said) return;
    this.#text = text;
    this.#plan();
  }

  #plan() {
    if (!this.#timer) this.#speak();
  }

  #utter() {
    const text = [this.#tally.clicks ? `${this.#tally}` : "", this.#text].filter(Boolean).join(" ");
    this.#tally = new Tally();
    this.#text = "";
    if (!text) return;
    this.#region.textContent = this.#said = text;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#utter();
    }, PAUSE);
  }
}

/** The line under the map. */
export class Outcome {
  #line;
  #herald;
  #tally = new Tally(); // since the last frame
  #text = null;
  #show = onFrame(() => this.#render());

  /** @param {{line: Element, said: Element}} page `line` is seen, `said` is read out */
  constructor({ line, said }) {
    this.#line = line;
    this.#herald = new Herald(said);
  }

  /** @param {string | null} title of the prize that a click has won */
  settled(title, points) {
    this.#tally.add(title, points);
    this.#herald.settled(title, points);
    if (this.#text?.kind !== "bad") this.#text = null;
    this.#show();
  }

  /** @param {"" | "busy" | "bad"} kind */
  say(text, kind) {
    const words = sentence(text);
    this.#text = { words, kind };
    this.#herald.say(words, kind === "busy");
    this.#show();
  }

  #render() {
    const tally = this.#tally;
    this.#tally = new Tally();
    const text = this.#text;
    this.#text = null;
    const { words, kind } = text ?? { words: `${tally}`, kind: tally.won ? "won" : "" };
    this.#line.dataset.kind = kind;
    this.#line.textContent = words;
  }
}

/** The server's details begin small and end without a stop. */
function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
