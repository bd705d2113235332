// GET requests that are retried until the server answers.

import { errorFrom, Refused } from "./errors.js";
import { backoff, sleep } from "./retry.js";

const RESPONSE_TIMEOUT = 10_000; // ms for each attempt

/**
 * Return the JSON at `path`; retries after timeouts and temporary refusals.
 * @param {import("./session.js").Session} session
 * @param {string} path
 * @param {{signal?: AbortSignal, waiting?: (ms: number) => void}} options `signal`: ends the attempts; `waiting`:
 *   called before each pause
 */
export async function getJson(session, path, { signal, waiting = () => {} } = {}) {
  for (let attempt = 0; ; attempt++) {
    let pause = backoff(attempt);
    const limit = new AbortController();
    const giveUp = () => limit.abort(signal.reason);
    const timer = setTimeout(() => limit.abort(), RESPONSE_TIMEOUT);
    signal?.addEventListener("abort", giveUp);
    try {
      const response = await session.fetch(path, { signal: limit.signal });
      if (!response.ok) throw await errorFrom(response);
      return await response.json();
    } catch (error) {
      if (error instanceof Refused || signal?.aborted) throw error;
      pause += error.retryAfter ?? 0;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
    waiting(pause);
    await sleep(pause, signal);
    signal?.throwIfAborted();
  }
}
