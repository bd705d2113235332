// The game page: becomes a player, chooses the hunt, and starts its game.

import { join, NotInvited, Refused } from "../lib/hunt.js";
import { ConnectionStatus } from "../shared/connection-status.js";
import { byId } from "../shared/elements.js";
import { CampaignPage } from "./campaign-page.js";
import { HuntGame } from "./hunt-game.js";
import { showHuntLinks } from "./hunt-links.js";
import { Look } from "./look.js";
import { awaitHunt, nextHunt } from "./next-hunt.js";
import { OutcomeLine } from "./outcome-line.js";
import { knownDetails, knownHunts } from "./page-data.js";
import { Sound } from "./sound.js";
import { say } from "./words.js";

const connection = new ConnectionStatus(byId("connection"), byId("state"), byId("countdown"), say);
const outcome = new OutcomeLine({ line: byId("outcome"), said: byId("said") });
const sound = new Sound(byId("sound"));

async function start() {
  let game = null;
  const player = await enter(() => game?.playerChanged());
  const chosen = await choose(player);
  if (!chosen) return;
  if (chosen.doors) {
    document.title = `${chosen.title} · hunt`;
    return new CampaignPage(player.campaign(chosen.id)).start();
  }
  const hunt = player.hunt(chosen.id);
  const details = knownDetails(chosen.id) ?? (await hunt.details());
  const look = new Look(details.page);
  look.apply();
  const title = look.own("title") ?? details.title;
  document.title = `${title} · hunt`;
  byId("title").textContent = title;
  look.mark(byId("title"));
  byId("test").hidden = !details.test;
  game = new HuntGame(player, hunt, { ...details, title }, { outcome, connection, sound, look });
  game.start();
  performance.mark("hunt-playable"); // shown in the browser's timeline, and read by benchmarks.playable
}

/** Become a player: a guest, or, on a server without guests, the player of the cookie. */
async function enter(changed) {
  try {
    return await join({ changed, opening: globalThis.opening });
  } catch (error) {
    if (!(error instanceof Refused) || error.type.startsWith("challenge-")) throw error;
    const player = await join({ changed, guest: false });
    await player.known();
    return player;
  }
}

/**
 * Return the hunt or the campaign of this page: the one in the address, by default one that is open. Without one, show
 * why, and return undefined.
 */
async function choose(player) {
  const hunts = knownHunts() ?? (await player.hunts());
  const campaigns = hunts.some((each) => each.campaign) ? await player.campaigns() : [];
  const found = selected({ hunts, campaigns }, new URLSearchParams(location.search));
  showHuntLinks({ frame: byId("choice"), list: byId("hunts") }, { hunts, campaigns }, found.chosen);
  if (found.next) awaitHunt(player, found.next, showClosed);
  else if (!found.chosen && found.wanted === null) showClosed(say("noHunt"), say("noHuntText"));
  else if (!found.chosen) {
    const cure = say(hunts.length ? "chooseAbove" : "noOther");
    showClosed(say("noSuch"), say("noSuchText", { wanted: found.wanted, cure }));
  }
  return found.chosen && { id: found.chosen.id, title: found.chosen.title, doors: campaigns.includes(found.chosen) };
}

/** Return the `chosen` hunt or campaign, the `wanted` id in the address, and the hunt that comes `next` if none is open. */
function selected({ hunts, campaigns }, query) {
  const campaign = query.get("campaign");
  if (campaign !== null) return { wanted: campaign, chosen: campaigns.find((each) => each.id === campaign) };
  const wanted = query.get("hunt");
  // A test hunt is not in the list.
  if (wanted !== null) return { wanted, chosen: hunts.find((each) => each.id === wanted) ?? knownDetails(wanted) };
  const single = hunts.filter((each) => !each.campaign);
  const chosen = single.find((each) => each.state === "open") ?? campaigns.find((each) => each.state !== "over");
  const next = chosen ? undefined : nextHunt(single);
  return { wanted, next, chosen: chosen ?? (next ? undefined : single[0] ?? campaigns[0]) };
}

/** Replace the game by a message: the reason, and what the player can do. */
function showClosed(title, text) {
  byId("closed-title").textContent = title;
  byId("closed-text").textContent = text;
  byId("closed").hidden = false;
  for (const part of [byId("game"), byId("connection"), document.querySelector(".points")]) part.hidden = true;
}

start().catch((error) => {
  if (error instanceof NotInvited) return showClosed(say("invited"), say("invitedText"));
  outcome.say(error.message, "bad");
  connection.state("refused");
});
