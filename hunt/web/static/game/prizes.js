// The prizes of a hunt: titles and rarity.

const RARE = 0.05; // odds below which a prize is rare
const NEAR_PEAK = 0.1; // estimated share of the map on which odds with a peak apply

export class Prizes {
  #byId;

  /** @param {{id: string, title: string, points: number, odds: number | {peak: number}}[]} prizes of a hunt */
  constructor(prizes) {
    this.all = prizes;
    this.#byId = new Map(prizes.map((prize) => [prize.id, prize]));
  }

  title(id) {
    return this.#byId.get(id)?.title ?? id; // a newer version of the hunt may have other prizes
  }

  /** Return how a prize is claimed; undefined if it needs no claim. */
  claim(id) {
    return this.#byId.get(id)?.claim;
  }

  isRare(id) {
    const odds = this.#byId.get(id)?.odds ?? 1;
    return (typeof odds === "number" ? odds : odds.peak * NEAR_PEAK) < RARE;
  }

  /** Return `miss` (for null), `prize` or `rare`. */
  kind(id) {
    if (id === null) return "miss";
    return this.isRare(id) ? "rare" : "prize";
  }
}
