// Other players' wins, shown in the sky above the map: the positions are secret.

import { mask } from "../lib/mask.js";
import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";
import { numberText, say } from "./words.js";

const MAX_LINES = 3;
const PAUSE = 1_000; // ms between two updates, so that the lines can be read
const LIFETIME = 12_000; // ms for which a line is shown
const OWN_DELAY = 3_000; // ms after which a player's own win has arrived as a reward, too

export class WinTicker {
  #list;
  #prizes;
  #shown;
  #waiting = []; // the best wins since the last update
  #dropped = 0; // number of the other wins
  #timer = 0;
  #show = onFrame(() => this.#render());

  /**
   * @param {Element} list
   * @param {import("./prizes.js").Prizes} prizes
   * @param {(wins: object[]) => void} shown called with the wins of each update
   */
  constructor(list, prizes, shown) {
    this.#list = list;
    this.#prizes = prizes;
    this.#shown = shown;
  }

  /**
   * Add the wins of other players among `wins`; the ones with the most points are shown.
   *
   * A win that may be the player's own waits until the page has the player's rewards, which arrive in another way. It is
   * recognised by time and prize then.
   *
   * @param {string | null} player the player's id, null if the page does not know it
   */
  addOthers(wins, player, rewardList) {
    const mayBeOwn = (win) => player === null || win.player === mask(player);
    this.#add(wins.filter((win) => !mayBeOwn(win)));
    const doubtful = wins.filter(mayBeOwn);
    if (doubtful.length) setTimeout(() => this.#add(doubtful.filter((win) => !rewardList.has(win))), OWN_DELAY);
  }

  #add(wins) {
    const newestFirst = [...wins.toReversed(), ...this.#waiting];
    const byPoints = newestFirst.sort((one, other) => other.points - one.points);
    this.#waiting = byPoints.slice(0, MAX_LINES);
    this.#dropped += byPoints.length - this.#waiting.length;
    if (!this.#timer && this.#waiting.length) this.#show();
  }

  #render() {
    const wins = this.#waiting;
    const dropped = this.#dropped;
    this.#waiting = [];
    this.#dropped = 0;
    const lines = wins.map((win) => this.#line(win));
    if (dropped) lines.at(-1).append(element("small", { className: "more" }, say("more", { count: dropped })));
    this.#list.prepend(...lines);
    while (this.#list.children.length > MAX_LINES) this.#list.lastElementChild.remove();
    for (const line of lines) setTimeout(() => line.remove(), LIFETIME);
    this.#shown(wins);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#waiting.length) this.#show();
    }, PAUSE);
  }

  #line({ player, prize, points }) {
    const name = element("span", { className: "who" }, player);
    const worth = element("small", {}, `+${numberText(points)}`);
    const line = element("li", {}, name, " ", element("b", {}, this.#prizes.title(prize)), " ", worth);
    line.dataset.kind = this.#prizes.kind(prize);
    return line;
  }
}
