// The page of one hunt: its state, read every two seconds, and the operator's acts on it.

import { byId, element } from "../shared/elements.js";
import { act, perform } from "./acts.js";
import { Alerts } from "./alerts.js";
import { AnomalyList } from "./anomaly-list.js";
import { BanList } from "./ban-list.js";
import { clock, count, NOTHING, span } from "./format.js";
import { MinutePlot } from "./minute-plot.js";
import { ScheduleList } from "./schedule-list.js";
import { StockTable } from "./stock-table.js";
import { TermList } from "./term-list.js";
import { WebhookTable } from "./webhook-table.js";
import { WinnerList } from "./winner-list.js";

const INTERVAL = 2000; // ms between two reads of the state
const SLOW_INTERVAL = 10_000; // ms between two reads of everything else

/** Who may read what; an `operator` may read and do everything. */
const READERS = {
  winners: ["operator", "support", "fulfilment"],
  codes: ["operator", "designer", "fulfilment"],
  anomalies: ["operator", "support"],
  bans: ["operator", "support"],
};

const ACTIONS = {
  open: ["Open", "Players can click."],
  pause: ["Pause", "Clicks are refused until the hunt is opened again."],
  close: ["Close", "The hunt ends permanently: its seed becomes public, and it cannot be opened again."],
};

/** Acts by state. */
const ALLOWED = { draft: ["open"], waiting: ["pause", "close"], open: ["pause", "close"], paused: ["open", "close"], closing: ["close"], closed: [] };

export class HuntView {
  #operator;
  #hunt;
  #handlers;
  #path;
  #tiles = new TermList(byId("hunt-tiles"));
  #alerts = new Alerts(byId("alerts"));
  #stock = new StockTable({ table: byId("stock-table"), rows: byId("stock"), legend: byId("stock-legend") });
  #plots;
  #lists = [];
  #winners = null;
  #anomalies;
  #schedule;
  #webhooks;
  #live = null; // the newest state
  #minutes = []; // the last ones that the server sent
  #received = 0; // ms, monotonic, when it arrived
  #timers = [];

  /**
   * @param {import("./operator.js").Operator} operator
   * @param {string} hunt
   * @param {{state: (state: string) => void, refused: (error: Error) => void}} handlers `refused`: the token is not valid
   */
  constructor(operator, hunt, handlers) {
    this.#operator = operator;
    this.#hunt = hunt;
    this.#handlers = handlers;
    this.#path = `/v1/admin/hunts/${encodeURIComponent(hunt)}`;
    byId("announce-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#announce(byId("announce-text").value.trim());
    });
    byId("announce-clear").addEventListener("click", () => this.#announce(null));
    byId("anomalies-again").addEventListener("click", () => perform(async () => {
      await this.#anomalies.read();
      return "";
    }));
  }

  start() {
    const may = (what) => this.#operator.mayAs(...READERS[what]);
    byId("hunt-view").hidden = false;
    for (const part of document.querySelectorAll("[data-operator]")) part.hidden = !this.#operator.mayAs("operator");
    for (const what of Object.keys(READERS)) for (const part of document.querySelectorAll(`[data-reads="${what}"]`)) part.hidden = !may(what);
    this.#plots ??= [new MinutePlot(byId("hunt-plots"), "Clicks a minute, this node", 0), new MinutePlot(byId("hunt-plots"), "Wins a minute, this node", 2)];
    this.#schedule = new ScheduleList(page("schedule"), this.#operator, this.#hunt, { act, perform });
    this.#lists = [() => this.#schedule.read(), () => this.#readCodes()];
    this.#webhooks = new WebhookTable(this.#operator, { card: byId("hunt-webhooks-card"), rows: byId("hunt-webhooks"), hunt: this.#hunt });
    this.#webhooks.start();
    if (may("bans")) {
      const bans = new BanList(page("bans"), this.#operator, this.#hunt, act, () => this.#banned());
      this.#lists.push(() => bans.read());
      const found = { rows: byId("anomalies"), note: byId("anomalies-note"), table: byId("anomalies-table") };
      this.#anomalies = new AnomalyList(found, this.#operator, this.#hunt, (ban) => bans.ban(ban));
      this.#lists.push(() => this.#anomalies.readFirst());
    }
    if (may("winners")) this.#winners = new WinnerList({ rows: byId("winners"), empty: byId("winners-empty") }, this.#operator, this.#hunt, act);
    this.#handlers.state("connecting");
    this.#every(INTERVAL, () => this.#read());
    this.#every(SLOW_INTERVAL, () => this.#readLists());
    this.#timers.push(setInterval(() => this.#showAlerts(), 1000));
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#winners?.stop();
    this.#webhooks?.stop();
    this.#alerts.show([]);
    byId("hunt-view").hidden = true;
  }

  #every(interval, work) {
    this.#timers.push(setInterval(() => document.hidden || work(), interval));
    work();
  }

  async #read() {
    let live;
    try {
      live = await this.#operator.get(`${this.#path}/live`);
    } catch (error) {
      if (error.status === 401) this.#handlers.refused(error);
      else if (error.status === 403 || error.status === 404) this.#missing(error);
      else this.#handlers.state("waiting");
      return;
    }
    if (!this.#timers.length) return; // stopped meanwhile
    const first = this.#live === null;
    this.#live = live;
    this.#received = performance.now();
    this.#handlers.state("live");
    if (first) this.#winners?.start(live.clicks);
    this.#show(live);
  }

  #missing(error) {
    this.stop();
    this.#handlers.state("refused");
    byId("hunt-view").hidden = false;
    byId("hunt-parts").hidden = true;
    byId("hunt-title").textContent = error.status === 404 ? `There is no hunt ${this.#hunt}` : "Not your hunt";
    byId("hunt-note").textContent = error.status === 404 ? "It was deleted, or the address is wrong." : `Your token does not permit it: ${error.message}.`;
  }

  #show(live) {
    const { prizes, state } = live;
    const now = Date.parse(live.at) / 1000;
    if (live.minutes !== null) this.#showMinutes(live, now);
    document.title = `${live.title} · operations`;
    byId("hunt-title").textContent = live.title;
    if (live.campaign) this.#showCampaign(live);
    else byId("hunt-note").textContent = live.test ? `${live.id}, a test hunt: its prizes are not real` : live.id;
    const pill = byId("hunt-state");
    pill.dataset.state = state;
    pill.textContent = state === "closed" ? "over" : state;
    this.#showButtons(state);
    this.#tiles.show(tiles(live, this.#minutes, now));
    this.#stock.show(prizes);
    byId("stock-empty").hidden = prizes.length > 0;
    byId("stock-table").hidden = prizes.length === 0;
    this.#winners?.titles(prizes);
    this.#schedule.prizes(prizes);
    if (state === "closed") byId("schedule-form").hidden = true;
    this.#showAnnouncement(live);
    this.#showAlerts();
  }

  #showCampaign({ id, campaign }) {
    if (byId("hunt-note").childElementCount) return;
    byId("hunt-note").replaceChildren(`${id}, a door of `, element("a", { href: `#campaign=${campaign}` }, campaign));
  }

  #showMinutes({ minutes, counted_since: counted }, now) {
    this.#minutes = minutes;
    const since = Date.parse(counted) / 1000;
    const whole = now - since >= HOUR;
    this.#plots[0].show(minutes.map(([at, clicks]) => [at, clicks]), now, whole ? null : since);
    this.#plots[1].show(minutes.map(([at, , wins]) => [at, wins]), now, whole ? null : since);
    const note = byId("hunt-plots-note");
    const text = whole ? "" : `Counted since ${clock(since)}, when this server started.`;
    if (note.textContent !== text) note.textContent = text;
    note.hidden = whole;
  }

  #showButtons(state) {
    const frame = byId("hunt-actions");
    const wanted = this.#operator.mayAs("operator") ? ALLOWED[state] : [];
    for (const button of frame.querySelectorAll("button")) button.hidden = !wanted.includes(button.dataset.act);
    if (frame.childElementCount) return;
    for (const [action, [word, consequence]] of Object.entries(ACTIONS)) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: word });
      button.dataset.act = action;
      button.hidden = !wanted.includes(action);
      button.classList.toggle("grave", action === "close");
      button.addEventListener("click", () => this.#change(action, word, consequence));
      frame.append(button);
    }
  }

  async #change(action, word, consequence) {
    await act(`${word} the hunt ${this.#hunt}?`, consequence, async () => {
      const { state } = await this.#operator.post(`${this.#path}/${action}`);
      return `The hunt ${this.#hunt} is ${state === "closed" ? "over" : state}.`;
    });
    await this.#read();
  }

  #showAnnouncement({ announcement, state }) {
    const now = announcement ? `Players see: “${announcement.text}”` : "Players see no message.";
    const shown = byId("announced");
    if (shown.textContent !== now) shown.textContent = now;
    byId("announce-clear").disabled = announcement === null;
    for (const part of byId("announce-form").elements) if (part.id !== "announce-clear") part.disabled = state === "closed";
  }

  async #announce(text) {
    if (text === "") return;
    const done = await perform(async () => {
      await this.#operator.put(`${this.#path}/announcement`, { text });
      return text === null ? "The message is withdrawn." : "Players see the message.";
    });
    if (done) byId("announce-text").value = "";
    await this.#read();
  }

  async #readLists() {
    for (const read of this.#lists) await quietly(read);
  }

  async #readCodes() {
    if (!this.#live?.prizes.some((prize) => prize.codes) || !this.#operator.mayAs(...READERS.codes)) return;
    const { codes } = await this.#operator.get(`${this.#path}/codes`);
    this.#stock.codes(codes);
    this.#stock.show(this.#live.prizes);
  }

  #banned() {
    quietly(() => this.#readLists());
    setTimeout(() => quietly(() => this.#anomalies.read()), 1500); // every process knows the ban within a second
  }

  #showAlerts() {
    if (this.#live !== null) this.#alerts.show(alerts(this.#live, (performance.now() - this.#received) / 1000));
  }
}

const page = (name) => ({ rows: byId(name), empty: byId(`${name}-empty`), table: byId(`${name}-table`) });

/** Read something; the page itself says if the server or the database does not answer. */
async function quietly(read) {
  try {
    await read();
  } catch {
    // The next read may succeed.
  }
}

function tiles(live, minutes, now) {
  const { prizes } = live;
  const last = minutes.find(([at]) => at === Math.floor(now / 60) * 60 - 60) ?? [0, 0, 0];
  const hour = minutes.reduce(([clicks, wins], minute) => [clicks + minute[1], wins + minute[2]], [0, 0]);
  const stocked = prizes.filter((prize) => prize.stock !== null && prize.stock_left !== null);
  const sum = (read) => stocked.reduce((total, prize) => total + read(prize), 0);
  return {
    "Clicks in all": count(live.clicks),
    "Clicks, last minute": count(last[1]),
    "Wins, last minute": count(last[2]),
    "Share of wins, last hour": hour[0] ? `${((hour[1] / hour[0]) * 100).toFixed(1)} %` : NOTHING,
    "Stock left": stocked.length ? `${count(sum((prize) => prize.stock_left))} of ${count(sum((prize) => prize.stock))}` : prizes.length ? "no limit" : NOTHING,
    "Time": clockOf(live, now),
  };
}

function clockOf({ state, opens_at: opens, closes_at: closes, ended_at: ended }, now) {
  const seconds = (at) => Date.parse(at) / 1000;
  if (ended) return `over for ${span(now - seconds(ended))}`;
  if (opens && seconds(opens) > now) return `opens in ${span(seconds(opens) - now)}`;
  if (closes && seconds(closes) > now) return `${span(seconds(closes) - now)} left`;
  return state === "closing" ? "time is over" : "no end set";
}

const STALE = 6; // s without an answer
const HOUR = 3600; // s

function alerts({ state, prizes, minutes }, age) {
  const found = [];
  if (age > STALE) {
    found.push({ text: "The server does not respond. The values below are out of date.", detail: ` Last answer: ${Math.round(age)} s ago.` });
  }
  if (state === "paused") found.push({ text: "The hunt is paused: clicks are refused until it is opened again.", mild: true });
  if (state === "draft") found.push({ text: "The hunt is a draft: players do not see it until it is opened.", mild: true });
  if (state === "closing") found.push({ text: "The time of the hunt is over. Its end is not recorded yet.", mild: true });
  const stocked = prizes.filter((prize) => prize.stock !== null);
  if (["open", "paused"].includes(state) && stocked.length && stocked.every((prize) => prize.stock_left === 0)) {
    found.push({ text: "Every prize with a stock is sold out.", mild: true });
  }
  if (minutes === null) found.push({ text: "The supervisor process of the server does not respond. The plots are out of date.", mild: true });
  return found;
}
