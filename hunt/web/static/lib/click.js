// A click on its way: sent until it has an outcome, under one id, so that it counts once.

import { backoff, sleep } from "./retry.js";
import { Busy, refusal, Refused } from "./errors.js";

const PATIENCE = 60_000; // ms; a player who waits longer has long stopped looking
const ANSWER = 10_000; // ms that the server has to answer

/** The click may or may not have counted; the same id may be sent again. */
export class Unconfirmed extends Error {}

/** A new UUID that begins with the time (RFC 9562, version 7), so that the server finds its neighbours in memory. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let at = 0; at < 6; at++) bytes[at] = now / 2 ** (8 * (5 - at)); // the lowest byte of it is kept
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/**
 * Send a click until it has an outcome; null where the outcome came another way.
 * Rejects with `Refused` where it will never count, and with `Unconfirmed` after about a minute.
 * @param {import("./session.js").Session} session
 * @param {string} hunt
 * @param {{id: string, x: number, y: number}} click
 * @param {{settled?: () => boolean, waiting?: (busy: boolean, why: {status: number, ms: number}) => void}} told
 *   `waiting` before each pause: whether the server has answered, with which status, 0 where it has not, and for how long
 */
export async function send(session, hunt, click, { settled = () => false, waiting = () => {} } = {}) {
  const end = Date.now() + PATIENCE;
  for (let attempt = 0; ; attempt++) {
    let pause = backoff(attempt);
    let status = 0;
    try {
      const response = await session.fetch(`/v1/hunts/${hunt}/clicks`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(click),
        signal: AbortSignal.timeout(ANSWER),
      });
      if (!response.ok) throw await refusal(response);
      return await response.json();
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (error instanceof Busy) status = error.status;
      pause += error.retryAfter ?? 0;
    }
    if (settled()) return null;
    if (Date.now() + pause > end) throw new Unconfirmed();
    waiting(status !== 0, { status, ms: pause });
    await sleep(pause);
    if (settled()) return null;
  }
}
