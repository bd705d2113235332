// Who leads, on the page.

import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";
import { points } from "./prizes.js";

export class Leading {
  #frame;
  #list;
  #leaders = [];
  #show = onFrame(() => this.#render());

  /** @param {{frame: Element, list: Element}} page `frame` is hidden while nobody leads */
  constructor({ frame, list }) {
    this.#frame = frame;
    this.#list = list;
  }

  take(leaders) {
    this.#leaders = leaders;
    this.#show();
  }

  #render() {
    this.#frame.hidden = this.#leaders.length === 0;
    const items = this.#leaders.map(({ player, points: sum, you }) =>
      element("li", you ? "you" : "", you ? "You" : player, element("span", "worth", points(sum))),
    );
    this.#list.replaceChildren(...items);
  }
}
