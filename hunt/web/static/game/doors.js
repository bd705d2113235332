// The doors of a campaign, as a grid.

import { element } from "../shared/elements.js";
import { durationText, momentText } from "./countdown.js";
import { pointsText, say } from "./words.js";

export class DoorGrid {
  #list;
  #next = null; // the first door that is coming, and the element of its text

  /** @param {Element} list */
  constructor(list) {
    this.#list = list;
  }

  /**
   * @param {object[]} doors of the campaign
   * @param {import("./look.js").Look} look that marks titles with their language
   * @param {Map<number, object>} own what the player has won, by door
   * @param {Map<number, Map<string, number>>} found number of wins of each prize, by door
   */
  show(doors, look, own, found) {
    const focused = document.activeElement?.dataset?.door; // the focused link is about to be replaced
    this.#next = null;
    this.#list.replaceChildren(...doors.map((door) => this.#item(door, look, own.get(door.door), found.get(door.door))));
    if (focused) this.#list.querySelector(`[data-door="${focused}"]`)?.focus();
    this.tick(Date.now());
  }

  /** Show the time until the next door opens. */
  tick(now) {
    if (this.#next) this.#next.text.textContent = say("opensIn", { time: durationText(Date.parse(this.#next.door.opens_at) - now) });
  }

  #item(door, look, own, found) {
    const text = element("span", { className: "what" }, doorText(door, own, found));
    if (door.state === "coming" && !this.#next) this.#next = { door, text };
    const number = element("span", { className: "number" }, String(door.door));
    number.setAttribute("aria-hidden", "true");
    const name = nameOf(door);
    look.mark(name);
    const parts = [number, name, text];
    const tile = door.state === "coming"
      ? element("div", { className: "door" }, ...parts)
      : element("a", { className: "door", href: `?hunt=${encodeURIComponent(door.hunt)}` }, ...parts);
    tile.dataset.door = door.door;
    const item = element("li", {}, tile);
    item.dataset.state = door.state;
    item.dataset.won = String(Boolean(own?.wins));
    return item;
  }
}

/** Return the title; where it begins with the number, that part is for screen readers only. */
function nameOf({ door, title }) {
  const [begin] = title.match(new RegExp(`^\\S+ ${door}(: |$)`)) ?? [""];
  return element("span", { className: "name" }, element("span", { className: "heard" }, begin), title.slice(begin.length));
}

function doorText(door, own, found) {
  if (door.state === "coming") return momentText(door.opens_at, { midnight: false });
  const won = found ? [...found].map(([id, count]) => prizeText(door, id, count)).join(", ") : "";
  const points = own?.points ? ` · ${pointsText(own.points)}` : "";
  if (door.state === "paused") return say("door.paused");
  if (door.state === "open") return own?.played ? say("door.played", { found: `${won || say("door.none")}${points}` }) : say("door.open");
  if (!own?.played) return say("door.missed");
  return won ? `${won}${points}` : say("door.nothing");
}

function prizeText(door, id, count) {
  const title = door.prizes?.find((prize) => prize.id === id)?.title ?? id;
  return count > 1 ? `${count} × ${title}` : title;
}
