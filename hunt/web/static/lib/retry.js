// How long to wait before the next attempt.

/** Wait, in milliseconds; the end of `signal` ends the wait, without an error. */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
}

/** Full jitter: anything up to a bound that doubles with each attempt, at most 10 s. */
export const backoff = (attempt) => Math.random() * Math.min(500 * 2 ** attempt, 10_000);
