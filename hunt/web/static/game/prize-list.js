// The list of the hunt's prizes.

import { element } from "../shared/elements.js";
import { pointsText, say } from "./words.js";
import { isSoldOut } from "./stock.js";

export class PrizeList {
  #items = new Map(); // prize id -> list item

  /**
   * @param {Element} list
   * @param {import("./prizes.js").Prizes} prizes
   */
  constructor(list, prizes) {
    for (const prize of prizes.all) {
      const name = element("span", { className: "name" }, prize.title);
      const item = element("li", {}, name, element("span", { className: "worth" }));
      item.dataset.kind = prizes.kind(prize.id);
      item.addEventListener("animationend", () => item.classList.remove("glint"));
      this.#items.set(prize.id, item);
    }
    list.replaceChildren(...this.#items.values());
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
