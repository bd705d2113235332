// The hunts that there are, to choose from.

import { element } from "../shared/elements.js";

/**
 * Links, not a list that leads away as soon as an arrow key moves in it.
 * @param {{frame: Element, list: Element}} page `frame` is hidden where there is no choice
 * @param {object[]} hunts
 * @param {object | undefined} chosen the one that is shown; undefined where none is, so that one is a choice, too
 */
export function offerOthers({ frame, list }, hunts, chosen) {
  const items = hunts.map((each) => {
    const link = element("a", "", each.state === "open" ? each.title : `${each.title} (${each.state})`);
    link.href = `?hunt=${encodeURIComponent(each.id)}`;
    if (each === chosen) link.setAttribute("aria-current", "page");
    return element("li", "", link);
  });
  list.replaceChildren(...items);
  frame.hidden = items.length < (chosen ? 2 : 1);
}
