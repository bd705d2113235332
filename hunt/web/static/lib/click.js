// Sending a click: retried under one id (idempotency key) until it has an outcome.

import { Busy, errorFrom, Refused } from "./errors.js";
import { backoff, sleep } from "./retry.js";

const RETRY_FOR = 60_000; // ms after which a click is given up
const RESPONSE_TIMEOUT = 10_000; // ms for each attempt

/** No attempt was answered in time: the click may or may not have counted. It is safe to send it again with its id. */
export class Unconfirmed extends Error {}

/** Return a UUID of version 7 (RFC 9562): it begins with the time, so that neighbouring ids share a page of the index. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let at = 0; at < 6; at++) bytes[at] = now / 2 ** (8 * (5 - at)); // assignment keeps the lowest byte
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/**
 * Send a click until it has an outcome, and return the outcome; null if `settled` reported it first.
 * Rejects with `Refused` if the click is refused for good, and with `Unconfirmed` after about a minute.
 * @param {import("./session.js").Session} session
 * @param {string} hunt id
 * @param {{id: string, x: number, y: number, accuracy?: number}} click
 * @param {{settled?: () => boolean, waiting?: (busy: boolean, why: {status: number, ms: number}) => void}} handlers
 *   `settled`: returns whether the outcome is known from elsewhere, which ends the attempts; `waiting`: called before
 *   each pause with the status of the response, 0 if there was none, and the length of the pause
 */
export async function sendClick(session, hunt, click, { settled = () => false, waiting = () => {} } = {}) {
  const deadline = Date.now() + RETRY_FOR;
  for (let attempt = 0; ; attempt++) {
    let pause = backoff(attempt);
    let status = 0;
    try {
      const response = await session.fetch(`/v1/hunts/${hunt}/clicks`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(click),
        signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
      });
      if (!response.ok) throw await errorFrom(response);
      return await response.json();
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (error instanceof Busy) status = error.status;
      pause += error.retryAfter ?? 0;
    }
    if (settled()) return null;
    if (Date.now() + pause > deadline) throw new Unconfirmed();
    waiting(status !== 0, { status, ms: pause });
    await sleep(pause);
    if (settled()) return null;
  }
}
