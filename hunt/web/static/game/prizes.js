// What there is to be found, by the hunt's words, and how precious it is.

const RARE = 0.05; // a chance below it is a rare prize
const NARROW = 0.1; // of the map, at most, is near a place; an odd that is a peak holds only there

export class Prizes {
  #known;

  /** @param {{id: string, title: string, points: number, odds: number | {peak: number}}[]} prizes of a hunt */
  constructor(prizes) {
    this.all = prizes;
    this.#known = new Map(prizes.map((prize) => [prize.id, prize]));
  }

  title(id) {
    return this.#known.get(id)?.title ?? id; // a newer version of the hunt may have more
  }

  rare(id) {
    const odds = this.#known.get(id)?.odds ?? 1;
    return (typeof odds === "number" ? odds : odds.peak * NARROW) < RARE;
  }

  /** `miss`, `prize` or `rare`. */
  kind(id) {
    if (id === null) return "miss";
    return this.rare(id) ? "rare" : "prize";
  }
}

export const points = (number) => `${number.toLocaleString("en")} ${number === 1 ? "point" : "points"}`;
