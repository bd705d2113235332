// The page of a campaign: its doors, and what the player has found in them.

import { Refused } from "../lib/hunt.js";
import { backoff, sleep } from "../lib/retry.js";
import { byId } from "../shared/elements.js";
import { Ticker } from "./countdown.js";
import { DoorGrid } from "./doors.js";
import { LeaderboardPanel } from "./leaderboard-panel.js";
import { Look } from "./look.js";
import { showScene } from "./scene.js";
import { numberText, say } from "./words.js";

const LEADERS = 10; // entries of the leaderboard that are shown

export class CampaignPage {
  #campaign;
  #grid = new DoorGrid(byId("doors"));
  #ticker = new Ticker();
  #shown = null; // details of the campaign
  #loading = null;
  #look = null;

  /** @param {import("../lib/campaign.js").Campaign} campaign */
  constructor(campaign) {
    this.#campaign = campaign;
  }

  /** Show the campaign, and keep it current. */
  async start() {
    for (const part of [byId("game"), byId("connection")]) part.hidden = true;
    await this.#load();
    byId("campaign").hidden = false;
    const picture = byId("campaign-scene");
    new ResizeObserver(() => showScene(picture, this.#look)).observe(picture);
    const panel = new LeaderboardPanel({ frame: byId("campaign-leading"), list: byId("campaign-leaders") });
    this.#campaign.leaders((leaders, you) => {
      panel.update(leaders);
      byId("rank").textContent = you?.rank ? say("yourPlace", { rank: you.rank }) : "";
    }, { limit: LEADERS });
    // A player who comes back from a door may have found something.
    window.addEventListener("pageshow", (event) => event.persisted && this.#reload());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#reload());
  }

  /** Load again. If the server refuses, what was loaded stays; the page of a door says why the player cannot play. */
  async #reload() {
    try {
      await this.#load();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  #load() {
    this.#loading ??= this.#read().finally(() => { this.#loading = null; });
    return this.#loading;
  }

  async #read() {
    const [details, standing, rewards] = await Promise.all([
      this.#campaign.details(), this.#campaign.standing(), this.#campaign.history(),
    ]);
    this.#shown = details;
    this.#look = new Look(details.page, null);
    this.#look.apply();
    const title = this.#look.own("campaign") ?? details.title;
    document.title = `${title} · hunt`;
    byId("title").textContent = title;
    this.#look.mark(byId("title"));
    byId("points").textContent = numberText(standing.points);
    byId("streak").textContent = streakText(details, standing);
    const doors = details.doors.map((door) => this.#look.door(door));
    this.#grid.show(doors, this.#look, new Map(standing.doors.map((each) => [each.door, each])), winsByDoor(rewards));
    this.#ticker.start(() => this.#tick());
  }

  /** Show the time that is left; load again once a door opens or ends. Return whether to go on. */
  #tick() {
    const now = Date.now();
    this.#grid.tick(now);
    if (this.#shown.doors.every((door) => !isPast(door, now))) return this.#shown.state !== "over";
    this.#loadChange();
    return false;
  }

  /** Load until the server has the change, too: its clock decides, and may be behind the one of the page. */
  async #loadChange() {
    for (let attempt = 0; this.#shown.doors.some((door) => isPast(door, Date.now())); attempt++) {
      await sleep(backoff(attempt));
      await this.#reload();
      if (attempt > 20) return; // the clock of this device is wrong
    }
  }
}

/** Return whether a door should have opened or ended. */
function isPast({ state, opens_at: opens, closes_at: closes }, now) {
  return (state === "coming" && Date.parse(opens) <= now) || (state === "open" && closes !== null && Date.parse(closes) <= now);
}

/** Return the number of wins of each prize, by door. */
function winsByDoor(rewards) {
  const found = new Map();
  for (const { door, prize } of rewards) {
    if (prize === null) continue;
    if (!found.has(door)) found.set(door, new Map());
    found.get(door).set(prize, (found.get(door).get(prize) ?? 0) + 1);
  }
  return found;
}

function streakText({ doors, streak: kind, state }, { streak, doors: own }) {
  if (state === "coming") return "";
  const text = say("streak", { count: streak.current, longest: streak.longest });
  if (state === "over") return `${say("curtain.over")}. ${say("curtain.over.text")} ${text}`;
  const played = new Map(own.map((each) => [each.door, kind === "won" ? each.wins > 0 : each.played]));
  const open = doors.filter((door) => door.state === "open" && !played.get(door.door));
  if (!open.length) return text;
  return `${text} ${say(`${kind === "won" ? "streakWin" : "streakPlay"}.${streak.current ? "keep" : "begin"}`)}`;
}
