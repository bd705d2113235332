// What others find, as they find it.  Where, is their secret: the news stand in the sky, and the lighthouse, which is
// always at its place, shows that there are some.

import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";

const SHOWN = 3; // lines
const PAUSE = 1_000; // ms between two changes: lines that change faster are not read
const OLD = 12_000; // ms, after which a line is no news

/** The name under which the server lets others see a player: `mask` in hunt/core/wire.py. */
function mask(player) {
  if (/^guest-[0-9a-f]{16}$/.test(player)) return `guest ${player.slice(6, 12)}`;
  return player.length < 6 ? `${player[0]}…` : `${player.slice(0, 2)}…${player.at(-1)}`;
}

export class News {
  #list;
  #prizes;
  #told;
  #waiting = []; // the best that have come since the last change
  #missed = 0; // the others
  #timer = 0;
  #show = onFrame(() => this.#render());

  /**
   * @param {Element} list
   * @param {import("./prizes.js").Prizes} prizes
   * @param {(wins: object[]) => void} told of what is shown
   */
  constructor(list, prizes, told) {
    this.#list = list;
    this.#prizes = prizes;
    this.#told = told;
  }

  /** Take wins that are not the player's own. */
  take(wins) {
    // The most precious first; of equals the newest, which is the last.
    const better = (one, other) => other.points - one.points;
    const all = [...wins.toReversed(), ...this.#waiting].sort(better);
    this.#waiting = all.slice(0, SHOWN);
    this.#missed += all.length - this.#waiting.length;
    if (!this.#timer && this.#waiting.length) this.#show();
  }

  #render() {
    const wins = this.#waiting;
    const missed = this.#missed;
    this.#waiting = [];
    this.#missed = 0;
    const lines = wins.map((win) => this.#line(win));
    if (missed) lines.at(-1).append(element("small", "more", `and ${missed.toLocaleString("en")} more`));
    this.#list.prepend(...lines);
    while (this.#list.children.length > SHOWN) this.#list.lastElementChild.remove();
    for (const line of lines) setTimeout(() => line.remove(), OLD);
    this.#told(wins);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#waiting.length) this.#show();
    }, PAUSE);
  }

  #line({ player, prize, points }) {
    const worth = element("small", "", `+${points.toLocaleString("en")}`);
    const line = element("li", "", element("span", "who", player), " ", element("b", "", this.#prizes.title(prize)), " ", worth);
    line.dataset.kind = this.#prizes.kind(prize);
    return line;
  }
}

/** Which of `wins` are others': the player's own are in the finds, and known by their moment. */
export function others(wins, player, finds) {
  const own = player === null ? null : mask(player);
  return wins.filter((win) => (own !== null && win.player !== own) || !finds.has(win));
}
