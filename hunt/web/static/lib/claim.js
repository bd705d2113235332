// Claiming a reward: repeated until the server answers, because a repeat changes nothing.

import { errorFrom, Refused } from "./errors.js";
import { backoff, sleep } from "./retry.js";

const RETRY_FOR = 60_000; // ms after which a claim is given up
const RESPONSE_TIMEOUT = 10_000; // ms for each attempt

/**
 * Claim a reward, and return it with its state. Rejects with `Refused` if it is refused (its `errors` name wrong fields),
 * and with the error of the last attempt after about a minute.
 * @param {import("./session.js").Session} session
 * @param {string} hunt id
 * @param {number} seq of the reward
 * @param {object} fields values by name
 */
export async function sendClaim(session, hunt, seq, fields) {
  const deadline = Date.now() + RETRY_FOR;
  for (let attempt = 0; ; attempt++) {
    let pause = backoff(attempt);
    try {
      const response = await session.fetch(`/v1/hunts/${hunt}/rewards/${seq}/claim`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ fields }),
        signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
      });
      if (!response.ok) throw await errorFrom(response);
      return await response.json();
    } catch (error) {
      pause += error.retryAfter ?? 0;
      if (error instanceof Refused || Date.now() + pause > deadline) throw error;
    }
    await sleep(pause);
  }
}
