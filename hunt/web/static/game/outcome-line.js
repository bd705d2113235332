// The outcome of the last clicks: shown in every frame, announced to screen readers every few seconds.

import { onFrame } from "../shared/frames.js";
import { Look } from "./look.js";
import { pointsText, say, sayFor } from "./words.js";

const PAUSE = 5_000; // ms between two announcements
const MAX_NAMES = 3; // prizes named in one sentence

/** A summary of settled clicks. */
class Summary {
  clicks = 0;
  points = 0;
  #look;
  #prizes = new Map(); // title -> number of wins

  /** @param {import("./look.js").Look} look has the words for a click without a prize */
  constructor(look) {
    this.#look = look;
  }

  add(title, points) {
    this.clicks++;
    this.points += points;
    if (title !== null) this.#prizes.set(title, (this.#prizes.get(title) ?? 0) + 1);
  }

  get won() {
    return this.#prizes.size > 0;
  }

  /** Return a sentence such as "12 clicks, 2 prizes: Gold coin, Sea shell. 30 points." */
  toString() {
    if (!this.won) return this.clicks === 1 ? this.#look.text("nothing") : sayFor("nothings", this.#look.scene, { count: this.clicks });
    if (this.clicks === 1) return say("wonOne", { title: [...this.#prizes.keys()][0], points: pointsText(this.points) });
    const names = [...this.#prizes].map(([title, times]) => (times === 1 ? title : `${times} × ${title}`));
    const prizes = [...this.#prizes.values()].reduce((sum, times) => sum + times);
    const shown = names.slice(0, MAX_NAMES).join(", ");
    const all = names.length > MAX_NAMES ? say("moreKinds", { names: shown, count: names.length - MAX_NAMES }) : shown;
    const counted = say("countPrizes", { count: prizes });
    return say("wonMany", { clicks: this.clicks, prizes: counted, names: all, points: pointsText(this.points) });
  }
}

/** Announces one sentence in a live region, then waits: later outcomes are summarised in the next sentence. */
class Announcer {
  #region;
  #look;
  #summary;
  #text = ""; // the last message that is not an outcome
  #announced = "";
  #timer = 0;
  #speak = onFrame(() => this.#announce());

  constructor(region, look) {
    this.#region = region;
    this.look(look);
  }

  look(look) {
    this.#look = look;
    this.#summary = new Summary(look);
  }

  settled(title, points) {
    this.#summary.add(title, points);
    this.#schedule();
  }

  /** @param {boolean} once do not repeat it directly after itself */
  say(text, once) {
    if (once && text === this.#announced) return;
    this.#text = text;
    this.#schedule();
  }

  #schedule() {
    if (!this.#timer) this.#speak();
  }

  #announce() {
    const text = [this.#summary.clicks ? `${this.#summary}` : "", this.#text].filter(Boolean).join(" ");
    this.#summary = new Summary(this.#look);
    this.#text = "";
    if (!text) return;
    this.#region.textContent = this.#announced = text;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#announce();
    }, PAUSE);
  }
}

/** The line under the map. */
export class OutcomeLine {
  #line;
  #announcer;
  #look = new Look();
  #summary = new Summary(this.#look); // since the last frame
  #message = null;
  #show = onFrame(() => this.#render());

  /** @param {{line: Element, said: Element}} page `line` is visible, `said` is the live region */
  constructor({ line, said }) {
    this.#line = line;
    this.#announcer = new Announcer(said, this.#look);
  }

  /** Use the words of a hunt from now on. */
  look(look) {
    this.#look = look;
    this.#summary = new Summary(look);
    this.#announcer.look(look);
    this.#line.textContent = "";
  }

  /** Invite the player to click. */
  invite(text) {
    this.#line.textContent = text;
  }

  /** @param {string | null} title of the prize that a click has won */
  settled(title, points) {
    this.#summary.add(title, points);
    this.#announcer.settled(title, points);
    if (this.#message?.kind !== "bad") this.#message = null;
    this.#show();
  }

  /** @param {"" | "busy" | "bad"} kind */
  say(text, kind) {
    const words = sentence(text);
    this.#message = { words, kind };
    this.#announcer.say(words, kind === "busy");
    this.#show();
  }

  #render() {
    const summary = this.#summary;
    this.#summary = new Summary(this.#look);
    const message = this.#message;
    this.#message = null;
    const { words, kind } = message ?? { words: `${summary}`, kind: summary.won ? "won" : "" };
    this.#line.dataset.kind = kind;
    this.#line.textContent = words;
  }
}

/** Return the text with a capital letter and a full stop; details of problems have neither. */
function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
