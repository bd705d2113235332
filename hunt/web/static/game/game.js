// The game page: connects the player's hunt with the parts of the page.

import { join, NotInvited, Refused } from "../lib/hunt.js";
import { ConnectionStatus } from "../shared/connection-status.js";
import { byId } from "../shared/elements.js";
import { aim } from "./aim.js";
import { HistoryLoader } from "./history-loader.js";
import { showHuntLinks } from "./hunt-links.js";
import { LeaderboardPanel } from "./leaderboard-panel.js";
import { GameMap } from "./map.js";
import { OutcomeLine } from "./outcome-line.js";
import { PendingClicks } from "./pending-clicks.js";
import { PrizeList } from "./prize-list.js";
import { Prizes } from "./prizes.js";
import { RewardList } from "./reward-list.js";
import { Sound } from "./sound.js";
import { isSoldOut, StockPoller } from "./stock.js";
import { othersWins, WinTicker } from "./win-ticker.js";

const LEADERS = 5; // entries of the leaderboard that are shown

const connection = new ConnectionStatus(byId("connection"), byId("state"), byId("countdown"));
const outcome = new OutcomeLine({ line: byId("outcome"), said: byId("said") });
const sound = new Sound(byId("sound"));

async function start() {
  let changed = () => {};
  const player = await enter(() => changed());
  const chosen = await choose(player);
  if (!chosen) return;
  const hunt = player.hunt(chosen);
  const { title, map: size, prizes: known, epoch: firstEpoch } = await hunt.details();
  document.title = `${title} · hunt`;
  byId("title").textContent = title;

  const prizes = new Prizes(known);
  const prizeList = new PrizeList(byId("prizes"), prizes);
  const map = new GameMap(byId("map"), size);
  const rewardList = new RewardList(prizes, {
    list: byId("rewards"), points: byId("points"), count: byId("count"), empty: byId("empty"),
  });
  const stock = new StockPoller(hunt, (all) => prizeList.showStock(all));
  stock.update(known);
  if (known.length && known.every(isSoldOut)) outcome.say("All prizes of this hunt have been found.", "busy");
  const kind = ({ prize }) => prizes.kind(prize);
  const addRewards = (rewards, fresh) => {
    rewardList.add(rewards, { fresh });
    // Rewards of clicks that were not sent by this page: earlier ones, and those of other tabs and devices.
    map.markEarlier(rewards.filter((reward) => !clicks.settle(reward)), kind);
    if (fresh) stock.won(rewards);
  };
  const clicks = new PendingClicks(hunt, map, {
    kind,
    reward: (reward) => addRewards([reward], true),
    settled({ prize, points }) {
      outcome.settled(prize && prizes.title(prize), points);
      sound.play(prizes.kind(prize));
    },
    say: (text, kind) => outcome.say(text, kind),
    unconfirmed: offerRetry,
  });
  const forget = () => {
    rewardList.clear();
    map.clear();
  };
  const failed = (error) => outcome.say(error.message, "bad");
  const history = new HistoryLoader(hunt, {
    page: (rewards) => addRewards(rewards, false),
    state: (state) => rewardList.historyState(state),
    failed,
  });

  changed = () => {
    history.stop();
    forget();
    // In a place of its own: the outcome of the next click would replace it beside the map.
    byId("notice").textContent = "Your session expired. You now play as a new guest.";
  };
  let epoch = firstEpoch;
  hunt.follow({
    hello(greeting) {
      if (greeting.epoch !== epoch) forget(); // the database was restored: rewards shown so far may be gone
      epoch = greeting.epoch;
      // The stream delivers everything from here on; the history has everything before.
      if (!greeting.resumed || !history.started) history.load();
    },
    reset: () => history.load(),
    reward: (reward) => addRewards([reward], true),
    state: (state) => connection.state(state),
    countdown: (seconds) => connection.countdown(seconds),
    refused(error) {
      rewardList.historyState("unknown");
      failed(error);
    },
  });

  const ticker = new WinTicker(byId("news"), prizes, (wins) => {
    map.flare(wins.some(({ prize }) => prizes.isRare(prize)));
    prizeList.glint(wins);
    stock.won(wins);
  });
  hunt.winners({ wins: (wins) => ticker.add(othersWins(wins, player.id, rewardList)) });
  const leaderboard = new LeaderboardPanel({ frame: byId("leading"), list: byId("leaders") });
  hunt.leaders((leaders) => leaderboard.update(leaders), { limit: LEADERS });

  aim(map, (position) => clicks.click(position));
  byId("again").addEventListener("click", () => {
    byId("map").focus(); // the button is about to be hidden, which would lose the keyboard focus
    clicks.retry();
  });
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

/** Show the retry button while there are unconfirmed clicks. */
function offerRetry(count) {
  byId("again").hidden = count === 0;
  byId("again").textContent = count > 1 ? `Try ${count} clicks again` : "Try again";
}

start().catch((error) => {
  if (error instanceof NotInvited) return showClosed("This game is for invited players", NotInvited.CURE);
  outcome.say(error.message, "bad");
  connection.state("refused");
});
