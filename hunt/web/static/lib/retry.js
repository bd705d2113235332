// Pauses between attempts.

/** Resolve after `ms` milliseconds, or as soon as `signal` is aborted; never rejects. */
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

/** Return a random pause in ms (full jitter) below a bound that doubles with each attempt, at most 10 s. */
export const backoff = (attempt) => Math.random() * Math.min(500 * 2 ** attempt, 10_000);
