// Links to all hunts. They are links and not a select box, which would navigate on the first arrow key.

import { element } from "../shared/elements.js";

/**
 * Show the links, if there is a choice.
 * @param {{frame: Element, list: Element}} page `frame` is hidden if there is no choice
 * @param {object[]} hunts
 * @param {object | undefined} chosen the hunt of this page; undefined if the page shows none
 */
export function showHuntLinks({ frame, list }, hunts, chosen) {
  const items = hunts.map((each) => {
    const text = each.state === "open" ? each.title : `${each.title} (${each.state})`;
    const link = element("a", { href: `?hunt=${encodeURIComponent(each.id)}` }, text);
    if (each === chosen) link.setAttribute("aria-current", "page");
    return element("li", {}, link);
  });
  list.replaceChildren(...items);
  frame.hidden = items.length < (chosen ? 2 : 1);
}
