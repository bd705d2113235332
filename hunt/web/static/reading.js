// What is read from the server, for as long as that takes.

import { backoff, sleep } from "./pauses.js";
import { refusal, Refused } from "./refusals.js";

const PAGE = 1000; // rewards; the most that the server gives

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

/** The player's rewards, as the server has them. */
export class History {
  #session;
  #path;
  #told;
  #run = new AbortController();

  /** @param {{page: (rewards: object[]) => void, failed: (error: Error) => void}} told */
  constructor(session, path, told) {
    this.#session = session;
    this.#path = path;
    this.#told = told;
  }

  /** Read all of it, page by page; what was still being read is given up for it. */
  async load() {
    this.stop();
    const { signal } = (this.#run = new AbortController());
    await null; // `hello` and `reset` may come in one piece: one request answers both
    try {
      for (let after = 0; after !== null && !signal.aborted; ) {
        const page = await read(this.#session, `${this.#path}?after=${after}&limit=${PAGE}`, signal);
        if (!signal.aborted) this.#told.page(page.rewards);
        after = page.next;
      }
    } catch (error) {
      if (!signal.aborted) this.#told.failed(error);
    }
  }

  stop() {
    this.#run.abort();
  }
}
