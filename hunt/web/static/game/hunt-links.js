// Links to all hunts and campaigns. They are links and not a select box, which would navigate on the first arrow key.

import { element } from "../shared/elements.js";
import { say } from "./words.js";

/**
 * Show the links, if there is a choice. The doors of a campaign have one link, to the campaign.
 * @param {{frame: Element, list: Element}} page `frame` is hidden if there is no choice
 * @param {{hunts: object[], campaigns: object[]}} all
 * @param {object | undefined} chosen the hunt or the campaign of this page; undefined if the page shows none
 */
export function showHuntLinks({ frame, list }, { hunts, campaigns }, chosen) {
  const single = hunts.filter((each) => !each.campaign).map((each) => link("hunt", each, chosen));
  const door = hunts.find((each) => each === chosen && each.campaign);
  const items = [...campaigns.map((each) => link("campaign", each, chosen)), ...single];
  if (door) items.push(link("hunt", door, chosen));
  list.replaceChildren(...items);
  frame.hidden = items.length < (chosen ? 2 : 1);
}

function link(kind, each, chosen) {
  const text = each.state === "open" ? each.title : `${each.title} (${say(`listed.${each.state}`)})`;
  const made = element("a", { href: `?${kind}=${encodeURIComponent(each.id)}` }, text);
  if (each === chosen) made.setAttribute("aria-current", "page");
  return element("li", {}, made);
}
