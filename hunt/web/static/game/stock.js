// The remaining stock of limited prizes.

const MIN_DELAY = 20_000; // ms from a win to the request; at most twice that

export class StockPoller {
  #hunt;
  #changed;
  #limited = new Set(); // ids of limited prizes that are not sold out
  #timer = 0;

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {(prizes: object[]) => void} changed called with all prizes
   */
  constructor(hunt, changed) {
    this.#hunt = hunt;
    this.#changed = changed;
  }

  /** @param {{id: string, stock_left: number | null}[]} prizes from the hunt's details */
  update(prizes) {
    this.#limited = new Set(prizes.filter((each) => each.stock_left > 0).map(({ id }) => id));
    this.#changed(prizes);
  }

  /** Request the stock some time after a limited prize was won; the delay is random, to spread the requests of all pages. */
  won(rewards) {
    if (this.#timer || !rewards.some(({ prize }) => this.#limited.has(prize))) return;
    this.#timer = setTimeout(async () => {
      try {
        this.update((await this.#hunt.details()).prizes);
      } finally {
        this.#timer = 0;
      }
    }, MIN_DELAY * (1 + Math.random()));
  }
}

export const isSoldOut = (prize) => prize.stock_left === 0;
