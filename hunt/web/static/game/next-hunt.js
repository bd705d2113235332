// The page without an open hunt: when the next one begins.

import { byId } from "../shared/elements.js";
import { durationText, momentText, Ticker } from "./countdown.js";
import { Look } from "./look.js";
import { knownDetails } from "./page-data.js";
import { showScene } from "./scene.js";
import { say } from "./words.js";

const SPREAD = 2_000; // ms within which the pages that waited load the hunt

/** Return the hunt that opens next, of a list of hunts; undefined if none is waiting. */
export function nextHunt(hunts) {
  return hunts
    .filter((each) => each.state === "waiting")
    .sort((one, other) => Date.parse(one.opens_at) - Date.parse(other.opens_at))[0];
}

/**
 * Count down to a hunt on the page for messages, and then load the hunt.
 * @param {object} player made by `join`
 * @param {{id: string, title: string, opens_at: string}} hunt
 * @param {(title: string, text: string) => void} show
 */
export function awaitHunt(player, hunt, show) {
  const opens = Date.parse(hunt.opens_at);
  dress(player, hunt).catch(() => {}); // without it, the page counts down in its own look
  show(hunt.title, say("begins", { time: momentText(opens) }));
  new Ticker().start(() => {
    const left = opens - Date.now();
    byId("closed-count").textContent = left > 0 ? say("in", { time: durationText(left) }) : say("now");
    if (left > 0) return true;
    setTimeout(() => location.assign(`?hunt=${encodeURIComponent(hunt.id)}`), Math.random() * SPREAD);
    return false;
  });
}

/** Give the page the look of a hunt: its colours, its texts, and a picture of its scene. */
async function dress(player, { id }) {
  const details = knownDetails(id) ?? (await player.hunt(id).details());
  const look = new Look(details.page);
  look.apply();
  const title = byId("closed-title");
  title.textContent = look.own("title") ?? details.title;
  look.mark(title);
  byId("closed-lead").textContent = look.own("lead") ?? "";
  look.mark(byId("closed-lead"));
  await showScene(byId("closed-scene"), look);
}
