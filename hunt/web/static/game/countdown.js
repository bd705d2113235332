// Times until something begins, as texts that change by themselves.

import { language } from "./words.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Return a duration as text, such as `3 h 12 min`. */
export function durationText(ms) {
  const rounded = Math.max(SECOND, Math.ceil(ms / SECOND) * SECOND);
  if (rounded >= DAY) return `${Math.floor(rounded / DAY)} d ${Math.floor((rounded % DAY) / HOUR)} h`;
  if (rounded >= HOUR) return `${Math.floor(rounded / HOUR)} h ${Math.floor((rounded % HOUR) / MINUTE)} min`;
  if (rounded >= MINUTE) return `${Math.floor(rounded / MINUTE)} min ${(rounded % MINUTE) / SECOND} s`;
  return `${rounded / SECOND} s`;
}

/**
 * Return a time in the zone of the player, such as `Sat, 6 Dec, 18:00`.
 * @param {{midnight?: boolean}} shown `midnight`: whether to show the time of day 0:00
 */
export function momentText(at, { midnight = true } = {}) {
  const date = new Date(at);
  const time = midnight || date.getHours() || date.getMinutes() ? { hour: "2-digit", minute: "2-digit" } : {};
  return date.toLocaleString(language === "en" ? "en-GB" : language, { weekday: "short", day: "numeric", month: "short", ...time });
}

/** Calls a function every second, until it returns false or the countdown is stopped. */
export class Ticker {
  #timer = 0;

  /** @param {() => boolean} tick returns whether to go on */
  start(tick) {
    this.stop();
    if (!tick()) return;
    this.#timer = setInterval(() => {
      if (!tick()) this.stop();
    }, SECOND);
  }

  stop() {
    clearInterval(this.#timer);
  }
}
