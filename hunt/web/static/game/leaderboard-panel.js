// The leaderboard.

import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";
import { numberText, pointsText, say } from "./words.js";

export class LeaderboardPanel {
  #frame;
  #list;
  #leaders = [];
  #show = onFrame(() => this.#render());

  /** @param {{frame: Element, list: Element}} page `frame` is hidden while the leaderboard is empty */
  constructor({ frame, list }) {
    this.#frame = frame;
    this.#list = list;
  }

  update(leaders) {
    this.#leaders = leaders;
    this.#show();
  }

  #render() {
    this.#frame.hidden = this.#leaders.length === 0;
    const items = this.#leaders.map(({ rank, player, name, points, you }) => {
      const worth = element("span", { className: "worth" }, pointsText(points));
      const who = element("bdi", { className: "who" }, you ? (name ? `${name} (${say("you")})` : say("you")) : name ?? player);
      const place = element("span", { className: "place-number" }, numberText(rank));
      return element("li", { className: you ? "you" : "" }, place, who, worth);
    });
    this.#list.replaceChildren(...items);
  }
}
