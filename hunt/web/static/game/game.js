// The game: what the player does, what came of it, and what the page shows.

import { aim } from "./aim.js";
import { offerOthers } from "./hunt-links.js";
import { Connection } from "../shared/connection-status.js";
import { Finds } from "./reward-list.js";
import { join, NotInvited, Refused } from "../lib/hunt.js";
import { Leading } from "./leaderboard-panel.js";
import { Legend } from "./prize-list.js";
import { Chart } from "./map.js";
import { News, others } from "./win-ticker.js";
import { Outcome } from "./outcome-line.js";
import { Past } from "./history-loader.js";
import { Prizes } from "./prizes.js";
import { Shots } from "./pending-clicks.js";
import { Sound } from "./sound.js";
import { gone, Stock } from "./stock.js";

const LEADERS = 5; // shown

const $ = (id) => document.getElementById(id);
const connection = new Connection($("connection"), $("state"), $("countdown"));
const outcome = new Outcome({ line: $("outcome"), said: $("said") });
const sound = new Sound($("sound"));

async function start() {
  let changed = () => {};
  const player = await enter(() => changed());
  const chosen = await choose(player);
  if (!chosen) return;
  const hunt = player.hunt(chosen);
  const { title, map, prizes: known, epoch: begun } = await hunt.details();
  document.title = `${title} · hunt`;
  $("title").textContent = title;

  const prizes = new Prizes(known);
  const legend = new Legend($("prizes"), prizes);
  const chart = new Chart($("map"), map);
  const finds = new Finds(prizes, { list: $("rewards"), points: $("points"), count: $("count"), empty: $("empty") });
  const stock = new Stock(hunt, (all) => legend.stock(all));
  stock.take(known);
  if (known.length && known.every(gone)) outcome.say("Every prize of this hunt has been found.", "busy");
  const kind = ({ prize }) => prizes.kind(prize);
  const take = (rewards, fresh) => {
    finds.add(rewards, { fresh });
    // Those that this page has not waited for: of before, of another tab, or of another device.
    chart.recall(rewards.filter((reward) => !shots.settle(reward)), kind);
    if (fresh) stock.won(rewards);
  };
  const shots = new Shots(hunt, chart, {
    kind,
    reward: (reward) => take([reward], true),
    settled({ prize, points }) {
      outcome.settled(prize && prizes.title(prize), points);
      sound.play(prizes.kind(prize));
    },
    say: (text, kind) => outcome.say(text, kind),
    unsure: offer,
  });
  const forget = () => {
    finds.clear();
    chart.clear();
  };
  const failed = (error) => outcome.say(error.message, "bad");
  const past = new Past(hunt, { page: (rewards) => take(rewards, false), state: (state) => finds.past(state), failed });

  changed = () => {
    past.stop();
    forget();
    // Not beside the map: the next click's outcome would replace it, and the points be gone without a word.
    $("notice").textContent = "Your session had ended: you are a new guest now.";
  };
  let epoch = begun;
  hunt.follow({
    hello(greeting) {
      if (greeting.epoch !== epoch) forget(); // the log of a restored database: it may not know what we know
      epoch = greeting.epoch;
      // From here on the stream misses nothing; what was before it, the server's list knows.
      if (!greeting.resumed || !past.begun) past.load();
    },
    reset: () => past.load(),
    reward: (reward) => take([reward], true),
    state: (state) => connection.state(state),
    countdown: (seconds) => connection.countdown(seconds),
    refused(error) {
      finds.past("unknown");
      failed(error);
    },
  });

  const news = new News($("news"), prizes, (wins) => {
    chart.flare(wins.some(({ prize }) => prizes.rare(prize)));
    legend.glint(wins);
    stock.won(wins);
  });
  hunt.winners({ wins: (wins) => news.take(others(wins, player.id, finds)) });
  const leading = new Leading({ frame: $("leading"), list: $("leaders") });
  hunt.leaders((leaders) => leading.take(leaders), { limit: LEADERS });

  aim(chart, (place) => shots.shoot(place));
  $("again").addEventListener("click", () => {
    $("map").focus(); // the button goes away, and must not take the keyboard's place with it
    shots.again();
  });
}

/** Become a player; where there are no guests, the cookie may be of one who was known already. */
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

/** The id of the hunt that the address asks for; where it asks for none, of one that is open. */
async function choose(player) {
  const hunts = await player.hunts();
  const wanted = new URLSearchParams(location.search).get("hunt");
  const chosen =
    wanted === null ? hunts.find((each) => each.state === "open") ?? hunts[0] : hunts.find((each) => each.id === wanted);
  if (!chosen) {
    if (wanted === null) close("No hunt yet", "There is no hunt here yet. Come back later.");
    else {
      const others = hunts.length ? "Choose one above." : "There is none yet.";
      close("No such hunt", `There is no hunt “${wanted}” here. The link may be wrong, or the hunt was removed. ${others}`);
    }
  }
  offerOthers({ frame: $("choice"), list: $("hunts") }, hunts, chosen);
  return chosen?.id;
}

/** Show why there is no game, and what to do, in place of the game. */
function close(title, text) {
  $("closed-title").textContent = title;
  $("closed-text").textContent = text;
  $("closed").hidden = false;
  for (const part of [$("game"), $("connection"), document.querySelector(".points")]) part.hidden = true;
}

/** Offer to send clicks again that could not be confirmed. */
function offer(count) {
  $("again").hidden = count === 0;
  $("again").textContent = count > 1 ? `Try ${count} clicks again` : "Try again";
}

start().catch((error) => {
  if (error instanceof NotInvited) return close("This game is for invited players", NotInvited.CURE);
  outcome.say(error.message, "bad");
  connection.state("refused");
});
