// The list of the hunt's prizes.

import { element } from "../shared/elements.js";
import { pointsText, say } from "./words.js";
import { isSoldOut } from "./stock.js";

const FOLDED = 8; // prizes of a long list that are shown at first
const LONG = 12; // prizes, at most, of a list that is not folded

export class PrizeList {
  #items = new Map(); // prize id -> list item

  /**
   * @param {Element} list the prizes of a long list with most points are shown at first
   * @param {HTMLButtonElement} more shows the others
   * @param {import("./prizes.js").Prizes} prizes
   */
  constructor(list, more, prizes) {
    for (const prize of prizes.all) {
      const name = element("span", { className: "name" }, prize.title);
      const item = element("li", {}, name, element("span", { className: "worth" }));
      item.dataset.kind = prizes.kind(prize.id);
      item.addEventListener("animationend", () => item.classList.remove("glint"));
      this.#items.set(prize.id, item);
    }
    list.replaceChildren(...this.#items.values());
    if (prizes.all.length > LONG) this.#fold(list, more, prizes.all);
  }

  #fold(list, more, prizes) {
    const items = [...prizes].sort((one, other) => other.points - one.points).map(({ id }) => this.#items.get(id));
    list.replaceChildren(...items);
    const others = items.slice(FOLDED);
    for (const item of others) item.hidden = true;
    more.hidden = false;
    more.textContent = say("more", { count: others.length });
    more.addEventListener("click", () => {
      for (const item of others) item.hidden = false;
      others[0].tabIndex = -1; // takes the focus of the button, which is about to be hidden
      others[0].focus();
      more.hidden = true;
    });
  }

  /** Show the points of each prize and how many are left, or that all of it has been found. */
  showStock(prizes) {
    for (const prize of prizes) {
      const item = this.#items.get(prize.id);
      item?.classList.toggle("gone", isSoldOut(prize));
      item?.lastElementChild.replaceChildren(worth(prize));
    }
  }

  /**
   * Highlight the prizes that were just won.
   * @param {{prize: string}[]} wins
   */
  glint(wins) {
    for (const { prize } of wins) this.#items.get(prize)?.classList.add("glint");
  }
}

function worth(prize) {
  if (isSoldOut(prize)) return say("soldOut");
  const left = prize.stock_left ?? null;
  return left === null ? pointsText(prize.points) : `${pointsText(prize.points)} · ${say("left", { count: left })}`;
}
