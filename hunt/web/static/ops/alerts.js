// Alerts: what is wrong with the shown process, its database and its server.

import { element } from "../shared/elements.js";
import { REASONS } from "./breaker-reasons.js";
import { time } from "./format.js";

export const DATABASE_SILENCE = 5; // s without a response of the database, which is probed every two seconds
const STALE = 4; // s without a sample; there is one per second

/**
 * Return the alerts for a sample.
 * @param {object} sample
 * @param {number} age s since the sample arrived
 * @param {number} silent number of other worker processes that did not respond
 * @returns {{text: string, detail?: string, mild?: boolean}[]} `detail` changes every second and is not announced
 */
export function alertsOf(sample, age, silent) {
  const alerts = [];
  if (age > STALE) {
    const text = "No new samples. The values below are out of date.";
    alerts.push({ text, detail: ` Last sample: ${Math.round(age)} s ago.` });
  }
  if (sample.database > DATABASE_SILENCE) {
    alerts.push({ text: "The database does not respond.", detail: ` Last response: ${Math.round(sample.database)} s ago.` });
  }
  alerts.push(...breakerAlerts(sample.breaker));
  if (sample.draining) alerts.push({ text: "This process is draining.", mild: true });
  if (silent) alerts.push({ text: `Other worker processes that do not respond: ${silent}.`, mild: true });
  return alerts;
}

function breakerAlerts({ state, reason, forced, probe_in: probe }) {
  if (state !== "closed") {
    const text = forced ? "An operator holds the breaker open" : `The breaker is open: ${REASONS[reason] ?? reason}`;
    const detail = probe === null ? "" : ` Next probe: ${probe > 0 ? `in ${time(probe)}` : "now"}.`;
    return [{ text: `${text}. Clicks get 503.`, detail }];
  }
  if (!forced) return [];
  return [{ text: "An operator holds the breaker closed: it does not protect the database.", mild: true }];
}

/** Shows alerts. Screen readers announce a new alert, but not its changing detail. */
export class Alerts {
  #frame;
  #shown = new Map(); // text -> elements

  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {{text: string, detail?: string, mild?: boolean}[]} alerts */
  show(alerts) {
    const texts = new Set(alerts.map((alert) => alert.text));
    for (const [text, { item }] of this.#shown) {
      if (texts.has(text)) continue;
      item.remove();
      this.#shown.delete(text);
    }
    for (const alert of alerts) {
      const { detail } = this.#shown.get(alert.text) ?? this.#add(alert);
      detail.textContent = alert.detail ?? "";
    }
  }

  #add({ text, mild = false }) {
    const detail = element("span", {});
    detail.setAttribute("aria-hidden", "true");
    const item = element("p", { className: mild ? "mild" : "" }, element("span", {}, text), detail);
    this.#shown.set(text, { item, detail });
    this.#frame.append(item);
    return { item, detail };
  }
}
