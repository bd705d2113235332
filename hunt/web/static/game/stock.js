// Whether there is anything left of the prizes of which there are only so many.

const LEAST = 20_000; // ms from a win to the question what is left; twice that, at most

export class Stock {
  #hunt;
  #told;
  #limited = new Set(); // ids of prizes of which something is left
  #timer = 0;

  /**
   * @param {object} hunt made by `Player.hunt`
   * @param {(prizes: object[]) => void} told what the server says of all prizes
   */
  constructor(hunt, told) {
    this.#hunt = hunt;
    this.#told = told;
  }

  /** @param {{id: string, stock_left: number | null}[]} prizes of the hunt's details */
  take(prizes) {
    this.#limited = new Set(prizes.filter((each) => each.stock_left > 0).map(({ id }) => id));
    this.#told(prizes);
  }

  /** Somebody has won: ask soon what is left, all pages not at once. */
  won(rewards) {
    if (this.#timer || !rewards.some(({ prize }) => this.#limited.has(prize))) return;
    this.#timer = setTimeout(async () => {
      try {
        this.take((await this.#hunt.details()).prizes);
      } finally {
        this.#timer = 0;
      }
    }, LEAST * (1 + Math.random()));
  }
}

/** Is nothing left of a prize? */
export const gone = (prize) => prize.stock_left === 0;
