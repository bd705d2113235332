// What is read from the server, for as long as that takes.

import { backoff, sleep } from "./pauses.js";
import { refusal, Refused } from "./refusals.js";

/** Read JSON; what fails for the moment is tried again, until `signal` ends it. */
export async function read(session, path, signal) {
  for (let attempt = 0; ; attempt++) {
    let pause = backoff(attempt);
    try {
      const response = await session.fetch(path, { signal });
      if (!response.ok) throw await refusal(response);
      return await response.json();
    } catch (error) {
      if (error instanceof Refused || signal?.aborted) throw error;
      pause += error.retryAfter ?? 0;
    }
    await sleep(pause, signal);
    signal?.throwIfAborted();
  }
}
