// How things stand: the tiles, the breaker, the processes, and what is wrong.

import { count, NOTHING, share, time } from "./format.js";

const SILENCE = 5; // s without an answer of the database: it is asked every two
const STALE = 4; // s without a sample: there is one every second

const WORDS = {
  slow: "commits were slow",
  timeout: "commits timed out",
  unavailable: "the database could not be reached",
  "read-only": "the database is read-only",
  forced: "an operator said so",
};

const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
const byId = (id) => document.getElementById(id);

/** A list of terms, made once and filled in again and again. */
class Terms {
  #place;
  #shown = new Map();

  constructor(place) {
    this.#place = place;
  }

  set(term, value) {
    let shown = this.#shown.get(term);
    if (!shown) {
      shown = element("dd", "");
      this.#shown.set(term, shown);
      const pair = document.createElement("div");
      pair.append(element("dt", term), shown);
      this.#place.append(pair);
    }
    if (shown.textContent !== value) shown.textContent = value;
  }
}

/** What is wrong; read out when it begins, while the seconds are only seen. */
class Alerts {
  #place;
  #shown = new Map();

  constructor(place) {
    this.#place = place;
  }

  /** @param {{text: string, seen?: string, mild?: boolean}[]} alerts */
  show(alerts) {
    const texts = new Set(alerts.map((alert) => alert.text));
    for (const [text, { item }] of this.#shown) {
      if (texts.has(text)) continue;
      item.remove();
      this.#shown.delete(text);
    }
    for (const { text, seen = "", mild = false } of alerts) {
      if (!this.#shown.has(text)) {
        const item = document.createElement("p");
        const seconds = document.createElement("span");
        seconds.setAttribute("aria-hidden", "true");
        item.classList.toggle("mild", mild);
        item.append(element("span", text), seconds);
        this.#shown.set(text, { item, seconds });
        this.#place.append(item);
      }
      this.#shown.get(text).seconds.textContent = seen;
    }
  }
}

export class Board {
  #tiles = new Terms(byId("tiles"));
  #breaker = new Terms(byId("breaker"));
  #alerts = new Alerts(byId("alerts"));
  #sizes = null;
  #sample = null;
  #silent = 0;
  #heard = 0; // ms, by the page's clock

  constructor() {
    setInterval(() => this.#warn(), 1000);
  }

  /** How much there may be of things. */
  hello(sizes) {
    this.#sizes = sizes;
  }

  forget() {
    this.#sample = null;
    this.#alerts.show([]);
  }

  show(sample) {
    this.#sample = sample;
    this.#heard = performance.now();
    this.#fill(sample);
    this.#tell(sample.breaker);
    this.#warn();
  }

  /** @param {{processes: object[], silent: number}} all */
  processes({ processes, silent }) {
    this.#silent = silent;
    const streams = (each) => each.parked + each.awake + each.sockets;
    const row = (head, cells) => {
      const made = document.createElement("tr");
      made.append(Object.assign(element("th", head), { scope: "row" }), ...cells.map((cell) => element("td", cell)));
      return made;
    };
    const sum = (read) => processes.reduce((total, each) => total + read(each), 0);
    const own = this.#sample?.process;
    byId("processes").replaceChildren(...processes.map((each) =>
      row(each.process === own ? `${each.process} (this one)` : `${each.process}`, [
        share(each.utilization), count(each.clicks), count(each.refused), count(each.queue), count(streams(each)),
        each.draining ? "draining" : each.breaker.state,
      ]),
    ));
    byId("sum").replaceChildren(row(`${processes.length} in all`, [
      `${share(sum((each) => each.utilization) / (processes.length || 1))} on average`,
      count(sum((each) => each.clicks)), count(sum((each) => each.refused)), count(sum((each) => each.queue)),
      count(sum(streams)), "",
    ]));
  }

  #fill(sample) {
    const { pool_size: pool, queue_size: queue } = this.#sizes;
    const of = (value, most) => `${count(value)} of ${count(most)}`;
    const busy = sample.pool.busy + sample.pool.connecting;
    for (const [term, value] of [
      ["Clicks a second", count(sample.clicks)],
      ["Refused a second", count(sample.refused)],
      ["Event loop", share(sample.utilization)],
      ["Breaker", sample.breaker.state],
      ["Queue", of(sample.queue, queue)],
      ["Oldest in it", time(sample.oldest)],
      ["Pool in use", of(busy, pool)],
      ["Database answered", sample.database < SILENCE ? "just now" : `${time(sample.database)} ago`],
      ["Streams parked", count(sample.parked)],
      ["Streams awake", count(sample.awake)],
      ["Sockets", count(sample.sockets)],
      ["Slow ones cut off", count(sample.cut_off)],
    ]) this.#tiles.set(term, value);
  }

  #tell(breaker) {
    const { limits, slow } = this.#sizes.breaker;
    const run = (kind) => `${breaker.in_a_row[kind]} of ${limits[kind]} in a row`;
    const probe = breaker.probe_in === null ? NOTHING : breaker.probe_in > 0 ? `in ${time(breaker.probe_in)}` : "now";
    for (const [term, value] of [
      ["State", breaker.forced ? `${breaker.state}, held by an operator` : breaker.state],
      ["It saw", breaker.reason ? (WORDS[breaker.reason] ?? breaker.reason) : "nothing to open for"],
      ["Open for", time(breaker.open_for)],
      ["Probes", breaker.state === "half-open" && breaker.probe_in === null ? "just now" : probe],
      [`Slow (over ${time(slow)})`, run("slow")],
      ["Timeouts", run("timeout")],
      ["Not reached", run("unavailable")],
    ]) this.#breaker.set(term, value);
    for (const button of document.querySelectorAll("[data-force]")) {
      button.setAttribute("aria-pressed", String(button.dataset.force === (breaker.forced ?? "")));
    }
  }

  #warn() {
    const sample = this.#sample;
    if (sample === null) return;
    const alerts = [];
    const quiet = (performance.now() - this.#heard) / 1000;
    if (quiet > STALE) alerts.push({ text: "No samples come: what is shown is old.", seen: ` ${Math.round(quiet)} s` });
    if (sample.database > SILENCE) {
      alerts.push({ text: "The database does not answer.", seen: ` ${Math.round(sample.database)} s` });
    }
    const { state, reason, forced, probe_in: probe } = sample.breaker;
    if (state !== "closed") {
      const text = forced ? "An operator holds the breaker open" : `The breaker is open: ${WORDS[reason] ?? reason}`;
      const seen = probe === null ? "" : ` It probes ${probe > 0 ? `in ${time(probe)}` : "now"}.`;
      alerts.push({ text: `${text}. Clicks get 503.`, seen });
    } else if (forced) {
      alerts.push({ text: "An operator holds the breaker closed: it does not protect.", mild: true });
    }
    if (sample.draining) alerts.push({ text: "This process drains.", mild: true });
    if (this.#silent) alerts.push({ text: `Other processes of this server do not answer: ${this.#silent}.`, mild: true });
    this.#alerts.show(alerts);
  }
}
