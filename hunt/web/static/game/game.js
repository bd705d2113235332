// The game page: becomes a player, chooses the hunt, and starts its game.

import { join, NotInvited, Refused } from "../lib/hunt.js";
import { ConnectionStatus } from "../shared/connection-status.js";
import { byId } from "../shared/elements.js";
import { HuntGame } from "./hunt-game.js";
import { showHuntLinks } from "./hunt-links.js";
import { OutcomeLine } from "./outcome-line.js";
import { Sound } from "./sound.js";

const connection = new ConnectionStatus(byId("connection"), byId("state"), byId("countdown"));
const outcome = new OutcomeLine({ line: byId("outcome"), said: byId("said") });
const sound = new Sound(byId("sound"));

async function start() {
  let game = null;
  const player = await enter(() => game?.playerChanged());
  const chosen = await choose(player);
  if (!chosen) return;
  const hunt = player.hunt(chosen);
  const details = await hunt.details();
  document.title = `${details.title} · hunt`;
  byId("title").textContent = details.title;
  game = new HuntGame(player, hunt, details, { outcome, connection, sound });
  game.start();
}

/** Become a player: a guest, or, on a server without guests, the player of the cookie. */
async function enter(changed) {
  try {
    return await join({ changed });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const player = await join({ changed, guest: false });
    await player.known();
    return player;
  }
}

/** Return the id of the hunt in the address, by default of an open hunt; undefined if there is none. */
async function choose(player) {
  const hunts = await player.hunts();
  const wanted = new URLSearchParams(location.search).get("hunt");
  const chosen =
    wanted === null ? hunts.find((each) => each.state === "open") ?? hunts[0] : hunts.find((each) => each.id === wanted);
  if (!chosen) {
    if (wanted === null) showClosed("No hunt yet", "There is no hunt here yet. Come back later.");
    else {
      const cure = hunts.length ? "Choose one above." : "There is no other hunt yet.";
      showClosed("No such hunt", `There is no hunt “${wanted}” here. The link may be wrong, or the hunt was removed. ${cure}`);
    }
  }
  showHuntLinks({ frame: byId("choice"), list: byId("hunts") }, hunts, chosen);
  return chosen?.id;
}

/** Replace the game by a message: the reason, and what the player can do. */
function showClosed(title, text) {
  byId("closed-title").textContent = title;
  byId("closed-text").textContent = text;
  byId("closed").hidden = false;
  for (const part of [byId("game"), byId("connection"), document.querySelector(".points")]) part.hidden = true;
}

start().catch((error) => {
  if (error instanceof NotInvited) return showClosed("This game is for invited players", NotInvited.CURE);
  outcome.say(error.message, "bad");
  connection.state("refused");
});
