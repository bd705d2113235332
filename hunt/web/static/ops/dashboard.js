// The current values: tiles of the server, the table of its processes, and breaker and alerts of the one that answers.

import { byId } from "../shared/elements.js";
import { Alerts, alertsOf, DATABASE_SILENCE } from "./alerts.js";
import { REASONS } from "./breaker-reasons.js";
import { count, NOTHING, share, time } from "./format.js";
import { ProcessTable } from "./process-table.js";
import { TermList } from "./term-list.js";

export class Dashboard {
  #tiles = new TermList(byId("tiles"));
  #breaker = new TermList(byId("breaker"));
  #alerts = new Alerts(byId("alerts"));
  #processes = new ProcessTable({ rows: byId("processes"), totals: byId("sum") });
  #limits = null;
  #sample = null;
  #silent = 0; // number of other processes that did not respond
  #received = 0; // ms, monotonic, when the sample arrived

  constructor() {
    setInterval(() => this.#showAlerts(), 1000);
  }

  /** Take the configured limits from the greeting of the stream. */
  hello(limits) {
    this.#limits = limits;
  }

  /** Remove the sample and its alerts. */
  forget() {
    this.#sample = null;
    this.#alerts.show([]);
  }

  /** @param {object} sample the newest one of the server */
  node(sample) {
    this.#tiles.show(tiles(sample, this.#limits));
  }

  /** @param {{processes: object[], silent: number}} all the newest sample of each process that responded, first of the one that answers */
  processes({ processes, silent }) {
    const [own] = processes;
    this.#sample = own;
    this.#received = performance.now();
    this.#silent = silent;
    this.#breaker.show(breakerTerms(own.breaker, this.#limits.breaker));
    for (const button of document.querySelectorAll("[data-force]")) {
      button.setAttribute("aria-pressed", String(button.dataset.force === (own.breaker.forced ?? "")));
    }
    this.#processes.show(processes, own.process);
    this.#showAlerts();
  }

  #showAlerts() {
    if (this.#sample === null) return;
    const age = (performance.now() - this.#received) / 1000;
    this.#alerts.show(alertsOf(this.#sample, age, this.#silent));
  }
}

function tiles(sample, { pool_size: pool, queue_size: queue }) {
  const of = (value, limit) => `${count(value)} of ${count(limit * sample.processes)}`;
  const states = Object.entries(sample.breakers);
  return {
    "Clicks per second": count(sample.clicks),
    "Refused per second": count(sample.refused),
    "Event loops": share(sample.utilization),
    Breakers: states.length === 1 ? states[0][0] : states.map(([state, number]) => `${number} ${state}`).join(", "),
    Queue: of(sample.queue, queue),
    "Oldest in queue": time(sample.oldest),
    "Pools in use": of((sample.pool.busy ?? 0) + (sample.pool.connecting ?? 0), pool),
    "Database responded": sample.database < DATABASE_SILENCE ? "just now" : `${time(sample.database)} ago`,
    "Streams parked": count(sample.parked),
    "Streams awake": count(sample.awake),
    WebSockets: count(sample.sockets),
    "Slow streams closed": count(sample.cut_off),
  };
}

function breakerTerms(breaker, { limits, slow }) {
  const inARow = (kind) => `${breaker.in_a_row[kind]} of ${limits[kind]} in a row`;
  return {
    State: breaker.forced ? `${breaker.state}, held by an operator` : breaker.state,
    Reason: breaker.reason ? (REASONS[breaker.reason] ?? breaker.reason) : NOTHING,
    "Open for": time(breaker.open_for),
    "Next probe": nextProbe(breaker),
    [`Slow (over ${time(slow)})`]: inARow("slow"),
    Timeouts: inARow("timeout"),
    Unreachable: inARow("unavailable"),
  };
}

function nextProbe({ state, probe_in: probe }) {
  if (probe !== null) return probe > 0 ? `in ${time(probe)}` : "now";
  return state === "half-open" ? "in progress" : NOTHING;
}
