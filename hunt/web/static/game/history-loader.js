// What the player has found before, as the server has it.

export class Past {
  #hunt;
  #told;
  #run = new AbortController();
  begun = false; // it has been read, or is being read

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {{page: (rewards: object[]) => void, state: (state: string) => void, failed: (error: Error) => void}} told
   *   `state`: `loading`, `waiting` where the server cannot say now and is asked again, then `known` or `unknown`
   */
  constructor(hunt, told) {
    this.#hunt = hunt;
    this.#told = told;
  }

  /** Read all of it; a read that is still running is given up for it. */
  async load() {
    this.stop();
    this.begun = true;
    const { signal } = (this.#run = new AbortController());
    await null; // `hello` and `reset` may come in one piece: one request answers both
    if (signal.aborted) return;
    const { page, state, failed } = this.#told;
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
