// The game of one hunt: connects its clicks and streams with the parts of the page.

import { byId } from "../shared/elements.js";
import { aim } from "./aim.js";
import { claimMark, Claims } from "./claims.js";
import { Curtain } from "./curtain.js";
import { DevicePosition } from "./device-position.js";
import { HistoryLoader } from "./history-loader.js";
import { KeptClicks } from "./kept-clicks.js";
import { LeaderboardPanel } from "./leaderboard-panel.js";
import { GameMap } from "./map.js";
import { PendingClicks } from "./pending-clicks.js";
import { PrizeList } from "./prize-list.js";
import { Prizes } from "./prizes.js";
import { RewardList } from "./reward-list.js";
import { LiveLines } from "./live-lines.js";
import { Naming } from "./naming.js";
import { OwnPlace } from "./own-place.js";
import { Moment } from "./moment.js";
import { isSoldOut } from "./stock.js";
import { showSurroundings, TimeLeft } from "./surroundings.js";
import { WinTicker } from "./win-ticker.js";
import { refusalText, say } from "./words.js";

const LEADERS = 5; // entries of the leaderboard that are shown

export class HuntGame {
  #player;
  #hunt;
  #outcome;
  #connection;
  #sound;
  #epoch;
  #prizes;
  #prizeList;
  #map;
  #rewardList;
  #lines;
  #clicks;
  #history;
  #claims;
  #sources;
  #time;
  #curtain = new Curtain();
  #state;
  #look;
  #warmth = null; // hint of the last click
  #moment;
  #place;

  /**
   * @param {object} player made by `join`
   * @param {object} hunt made by `Player.hunt`
   * @param {{id: string, title: string, map: object, prizes: object[], epoch: string, commitment: string, state: string,
   *   opens_at: string | null, closes_at: string | null, position?: string, max_accuracy?: number}} details of the hunt
   * @param {{outcome: import("./outcome-line.js").OutcomeLine,
   *   connection: import("../shared/connection-status.js").ConnectionStatus, sound: import("./sound.js").Sound,
   *   look: import("./look.js").Look}} page
   */
  constructor(player, hunt, details, { outcome, connection, sound, look }) {
    const { map, epoch, position = "tap", max_accuracy: limit = Infinity } = details;
    const prizes = look.titled(details.prizes);
    outcome.look(look);
    this.#look = look;
    this.#state = details.state;
    showSurroundings(look, details);
    this.#time = new TimeLeft(byId("time"), details);
    this.#curtain.show(details.state === "closed" ? "over" : details.state, details.opens_at);
    this.#player = player;
    this.#hunt = hunt;
    this.#epoch = epoch;
    this.#sources = { position, limit };
    this.#outcome = outcome;
    if (details.state === "open" || details.state === "closing") this.#invite();
    this.#connection = connection;
    this.#sound = sound;
    this.#prizes = new Prizes(prizes);
    this.#prizeList = new PrizeList(byId("prizes"), byId("more-prizes"), this.#prizes);
    this.#map = new GameMap(byId("map"), map, look);
    this.#place = new OwnPlace(hunt, byId("own-place"));
    this.#moment = new Moment(details.title, look, this.#prizes);
    this.#claims = new Claims(hunt, this.#prizes, {
      button: byId("claim"), dialog: byId("claiming"), title: byId("claim-title"), until: byId("claim-until"),
      fields: byId("claim-fields"), problem: byId("claim-problem"), cancel: byId("claim-cancel"), send: byId("claim-send"),
    }, (claimed) => this.#claimed(claimed));
    this.#rewardList = new RewardList(
      this.#prizes,
      { list: byId("rewards"), points: byId("points"), count: byId("count"), empty: byId("empty") },
      look,
      (reward) => claimMark(this.#claims, reward),
    );
    this.#prizeList.showStock(prizes);
    this.#lines = new LiveLines({ state: byId("hunt-state"), announcement: byId("announcement") });
    if (prizes.length && prizes.every(isSoldOut)) outcome.say(say("allFound"), "busy");
    this.#clicks = new PendingClicks(hunt, this.#map, new KeptClicks(`${details.id} ${player.id ?? ""}`), {
      kind: (reward) => this.#kind(reward),
      reward: (reward) => this.#add([reward], { fresh: true }),
      settled: (reward) => this.#settled(reward),
      hint: (reward) => this.#hint(reward),
      say: (text, kind) => outcome.say(text, kind),
      unconfirmed: offerRetry,
    });
    this.#history = new HistoryLoader(hunt, {
      page: (rewards) => this.#add(rewards, { fresh: false }),
      state: (state) => {
        this.#rewardList.historyState(state);
        if (state === "known") this.#curtain.points(this.#rewardList.points);
      },
      failed: (error) => outcome.say(refusalText(error), "bad"),
    });
  }

  /** Follow the streams of the hunt, and take clicks. */
  start() {
    this.#followRewards();
    this.#followWins();
    const leaderboard = new LeaderboardPanel({ frame: byId("leading"), list: byId("leaders") });
    new Naming(this.#player);
    this.#hunt.leaders((leaders) => {
      leaderboard.update(leaders);
      this.#place.told(leaders);
    }, { limit: LEADERS });
    this.#takePositions(this.#sources);
    this.#clicks.restore();
    byId("again").addEventListener("click", () => {
      byId("map").focus(); // the button is about to be hidden, which would lose the keyboard focus
      this.#clicks.retry();
    });
  }

  /** Forget the former guest, who was replaced by a new one. */
  playerChanged() {
    this.#history.stop();
    this.#forget();
    // Not in the outcome line, where the outcome of the next click would replace it.
    byId("notice").textContent = say("sessionExpired");
  }

  /** Invite the player to click: on the map, or where the device is. */
  #invite() {
    this.#outcome.invite(this.#sources.position === "device" ? say("goAndClick") : this.#look.text("click"));
  }

  /** Take taps on the map, the position of the device, or both. */
  #takePositions({ position, limit }) {
    const click = (at) => this.#clicks.click(at);
    if (position !== "device") aim(this.#map, click);
    if (position === "tap") return;
    new DevicePosition(byId("here"), this.#map.view, limit, {
      click, seen: (at) => this.#map.device(at), say: (text, kind) => this.#outcome.say(text, kind),
    });
    if (position === "either") return;
    const canvas = byId("map");
    canvas.removeAttribute("tabindex");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", say("mapFinds"));
    canvas.addEventListener("click", () => this.#outcome.say(say("noTaps"), "busy"));
  }

  #followRewards() {
    this.#hunt.follow({
      hello: (greeting) => this.#hello(greeting),
      reset: () => this.#history.load(),
      reward: (reward) => this.#add([reward], { fresh: true }),
      rewardState: (change) => this.#stateChanged(change),
      state: (state) => {
        this.#connection.state(state);
        if (state === "over") this.#over();
        if (state === "live") this.#clicks.resume();
      },
      live: (name, content) => this.#live(name, content),
      countdown: (seconds) => this.#connection.countdown(seconds),
      refused: (error) => {
        this.#rewardList.historyState("unknown");
        this.#outcome.say(refusalText(error), "bad");
      },
    });
  }

  /** Show the end.  A page that was opened after it has no stream that would ask for the history. */
  #over() {
    this.#curtain.show("over");
    if (!this.#history.started) this.#history.load();
    else this.#curtain.points(this.#rewardList.points);
  }

  /** Show what has changed in the hunt. */
  #live(name, content) {
    if (name === "state") {
      this.#lines.state(content.state);
      this.#time.show(content);
      this.#curtain.show(content.state, content.opens_at);
      if (content.state === "open" && this.#state !== "open") this.#invite();
      this.#state = content.state;
    }
    else if (name === "announcement") this.#lines.announcement(content.text);
    else if (name === "stock") {
      const left = content.stock_left;
      this.#prizeList.showStock(this.#prizes.all.map((prize) => ({ ...prize, stock_left: left[prize.id] ?? null })));
    }
  }

  #followWins() {
    const ticker = new WinTicker(byId("news"), this.#prizes, (wins) => {
      this.#map.flare(wins.some(({ prize }) => this.#prizes.isRare(prize)));
      this.#prizeList.glint(wins);
    });
    this.#hunt.winners({ wins: (wins) => ticker.addOthers(wins, this.#player.id, this.#rewardList) });
  }

  #hello({ epoch, resumed }) {
    if (epoch !== this.#epoch) this.#forget(); // the database was restored: rewards shown so far may be gone
    this.#epoch = epoch;
    // The stream delivers everything from here on; the history has everything before.
    if (!resumed || !this.#history.started) this.#history.load();
  }

  #add(rewards, { fresh }) {
    this.#rewardList.add(rewards, { fresh });
    if (!fresh && rewards.some(({ prize }) => prize !== null)) this.#place.won();
    this.#claims.add(rewards);
    // Rewards of clicks that were not sent by this page: earlier ones, and those of other tabs and devices.
    const others = rewards.filter((reward) => !this.#clicks.settle(reward));
    this.#map.markEarlier(others, (reward) => this.#kind(reward));
  }

  #settled(reward) {
    const { prize, points, sold_out: soldOut } = reward;
    this.#outcome.settled(prize && this.#prizes.title(prize), points);
    if (prize !== null) this.#place.won();
    if (soldOut) this.#outcome.say(say("unlucky", { title: this.#prizes.title(soldOut) }), "busy");
    if (prize !== null && this.#prizes.isRare(prize)) {
      this.#map.celebrate(reward.id);
      this.#moment.offer(reward);
    }
    this.#sound.play(this.#prizes.kind(prize));
  }

  /** Show how near a click was, and whether that is nearer than the one before. */
  #hint({ id, hint }) {
    const than = this.#warmth === null || this.#warmth === hint ? "" : ` ${say(hint < this.#warmth ? "warmer" : "colder")}`;
    this.#warmth = hint;
    this.#map.warm(id, hint);
    this.#outcome.say(`${this.#look.text("nothing")} ${say(`hint.${hint}`)}${than}`, hint < 2 ? "won" : "");
  }

  #stateChanged(change) {
    this.#rewardList.stateChanged(change);
    this.#claims.add([change]);
  }

  #claimed(reward) {
    this.#stateChanged(reward);
    this.#outcome.say(say("claimed", { title: this.#prizes.title(reward.prize) }), "won");
  }

  #kind({ prize }) {
    return this.#prizes.kind(prize);
  }

  #forget() {
    this.#rewardList.clear();
    this.#claims.clear();
    this.#map.clear();
  }
}

/** Show the retry button while there are unconfirmed clicks. */
function offerRetry(count) {
  byId("again").hidden = count === 0;
  byId("again").textContent = say("tryAgain", { count: Math.max(count, 1) });
}
