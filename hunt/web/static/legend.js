// What there is to be found here; a prize glints when somebody has found it.

import { element } from "./elements.js";
import { points } from "./prizes.js";

export class Legend {
  #items = new Map();

  /**
   * @param {Element} list
   * @param {import("./prizes.js").Prizes} prizes
   */
  constructor(list, prizes) {
    for (const prize of prizes.all) {
      const item = element("li", "", prize.title, element("span", "worth", points(prize.points)));
      item.dataset.kind = prizes.kind(prize.id);
      item.addEventListener("animationend", () => item.classList.remove("glint"));
      this.#items.set(prize.id, item);
    }
    list.replaceChildren(...this.#items.values());
  }

  /** @param {{prize: string}[]} wins */
  glint(wins) {
    for (const { prize } of wins) this.#items.get(prize)?.classList.add("glint");
  }
}
