// Loads the player's earlier rewards.

export class HistoryLoader {
  #hunt;
  #handlers;
  #run = new AbortController();
  started = false;

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {{page: (rewards: object[]) => void, state: (state: string) => void, failed: (error: Error) => void}} handlers
   *   `state`: `loading`, `waiting` (for the next attempt), then `known` or `unknown`
   */
  constructor(hunt, handlers) {
    this.#hunt = hunt;
    this.#handlers = handlers;
  }

  /** Load all pages; cancels a load in progress. */
  async load() {
    this.stop();
    this.started = true;
    const { signal } = (this.#run = new AbortController());
    await null; // `hello` and `reset` may arrive together: load once for both
    if (signal.aborted) return;
    const { page, state, failed } = this.#handlers;
    state("loading");
    try {
      await this.#hunt.history(0, { page, signal, waiting: () => state("waiting") });
      if (!signal.aborted) state("known");
    } catch (error) {
      if (signal.aborted) return;
      state("unknown");
      failed(error);
    }
  }

  stop() {
    this.#run.abort();
  }
}
