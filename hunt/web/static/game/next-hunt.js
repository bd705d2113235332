// The page without an open hunt: when the next one begins.

import { byId } from "../shared/elements.js";
import { durationText, momentText, Ticker } from "./countdown.js";

const SPREAD = 2_000; // ms within which the pages that waited load the hunt

/** Return the hunt that opens next, of a list of hunts; undefined if none is waiting. */
export function nextHunt(hunts) {
  return hunts
    .filter((each) => each.state === "waiting")
    .sort((one, other) => Date.parse(one.opens_at) - Date.parse(other.opens_at))[0];
}

/**
 * Count down to a hunt on the page for messages, and then load the hunt.
 * @param {{id: string, title: string, opens_at: string}} hunt
 * @param {(title: string, text: string) => void} show
 */
export function awaitHunt(hunt, show) {
  const opens = Date.parse(hunt.opens_at);
  show(hunt.title, `The hunt begins on ${momentText(opens)}.`);
  new Ticker().start(() => {
    const left = opens - Date.now();
    byId("closed-count").textContent = left > 0 ? `in ${durationText(left)}` : "now";
    if (left > 0) return true;
    setTimeout(() => location.assign(`?hunt=${encodeURIComponent(hunt.id)}`), Math.random() * SPREAD);
    return false;
  });
}
