// What there is to be found here; a prize glints when somebody has found it.

import { element } from "../shared/elements.js";
import { points } from "./prizes.js";
import { gone } from "./stock.js";

export class Legend {
  #items = new Map();

  /**
   * @param {Element} list
   * @param {import("./prizes.js").Prizes} prizes
   */
  constructor(list, prizes) {
    for (const prize of prizes.all) {
      const item = element("li", "", element("span", "name", prize.title), element("span", "worth"));
      item.dataset.kind = prizes.kind(prize.id);
      item.addEventListener("animationend", () => item.classList.remove("glint"));
      this.#items.set(prize.id, item);
    }
    list.replaceChildren(...this.#items.values());
  }

  /** Show what each prize is worth, or that all of it has been found. */
  stock(prizes) {
    for (const prize of prizes) {
      const item = this.#items.get(prize.id);
      item?.classList.toggle("gone", gone(prize));
      item?.lastElementChild.replaceChildren(gone(prize) ? "all found" : points(prize.points));
    }
  }

  /** @param {{prize: string}[]} wins */
  glint(wins) {
    for (const { prize } of wins) this.#items.get(prize)?.classList.add("glint");
  }
}
