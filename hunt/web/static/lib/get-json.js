// What is read from the server, for as long as that takes.

import { backoff, sleep } from "./retry.js";
import { refusal, Refused } from "./errors.js";

const ANSWER = 10_000; // ms that the server has to answer

/**
 * Read JSON; what fails for the moment is tried again.
 * @param {import("./session.js").Session} session
 * @param {string} path
 * @param {{signal?: AbortSignal, waiting?: (ms: number) => void}} options `signal`: gives up; `waiting`: told before
 *   each pause
 */
export async function read(session, path, { signal, waiting = () => {} } = {}) {
  for (let attempt = 0; ; attempt++) {
    let pause = backoff(attempt);
    const limit = new AbortController();
    const giveUp = () => limit.abort(signal.reason);
    const timer = setTimeout(() => limit.abort(), ANSWER);
    signal?.addEventListener("abort", giveUp);
    try {
      const response = await session.fetch(path, { signal: limit.signal });
      if (!response.ok) throw await refusal(response);
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
