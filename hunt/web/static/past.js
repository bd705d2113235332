// What the player has found before, as the server has it.

export class Past {
  #hunt;
  #told;
  #run = new AbortController();

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {{page: (rewards: object[]) => void, failed: (error: Error) => void}} told
   */
  constructor(hunt, told) {
    this.#hunt = hunt;
    this.#told = told;
  }

  /** Read all of it; what was still being read is given up for it. */
  async load() {
    this.stop();
    const { signal } = (this.#run = new AbortController());
    await null; // `hello` and `reset` may come in one piece: one request answers both
    if (signal.aborted) return;
    try {
      await this.#hunt.history(0, { page: this.#told.page, signal });
    } catch (error) {
      if (!signal.aborted) this.#told.failed(error);
    }
  }

  stop() {
    this.#run.abort();
  }
}
