// What the player has found, and the list of it.

import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";

const SHOWN = 200; // in the list; older ones still count

/** What stands where there is no list, by whether the earlier rewards are known. */
const WORDS = {
  loading: "Loading your clicks …",
  waiting: "Your earlier clicks could not be loaded. Trying again …",
  known: "Nothing yet. The lighthouse has seen stranger things than luck.",
  unknown: "Your earlier clicks could not be loaded.",
};

/** Rewards by click id: each comes with the answer and again with the stream, and counts once. */
export class Finds {
  #known = new Set();
  #points = 0;
  #newest = []; // what the list shows, by descending seq
  #fresh = new Set(); // ids of what has just happened
  #past = "loading"; // of the earlier ones: a key of WORDS
  #complete = false; // the earlier ones were known once
  #prizes;
  #page;
  #show = onFrame(() => this.#render());

  /**
   * @param {import("./prizes.js").Prizes} prizes
   * @param {{list: Element, points: Element, count: Element, empty: Element}} page
   */
  constructor(prizes, page) {
    this.#prizes = prizes;
    this.#page = page;
  }

  /** Take rewards; a known one changes nothing. */
  add(rewards, { fresh }) {
    for (const reward of rewards) {
      if (this.#known.has(reward.id)) continue;
      this.#known.add(reward.id);
      this.#points += reward.points;
      this.#insert(reward);
      if (fresh) this.#fresh.add(reward.id);
    }
    if (this.#fresh.size > SHOWN) this.#fresh.clear(); // nobody looks
    this.#show();
  }

  /** Say whether the earlier ones are known: until then the points are not, either. */
  past(state) {
    if (state === "loading" && this.#complete) return; // they are only looked through once more
    this.#past = state;
    this.#complete ||= state === "known";
    this.#show();
  }

  /** Forget all of them: they are another player's. */
  clear() {
    this.#known.clear();
    this.#past = "loading";
    this.#complete = false;
    this.#points = 0;
    this.#newest = [];
    this.#show();
  }

  /** Is this win, of which others hear without its id, one of the last of ours? */
  has({ at, prize }) {
    return this.#newest.some((reward) => reward.at === at && reward.prize === prize);
  }

  #insert(reward) {
    const older = this.#newest.findIndex(({ seq }) => seq < reward.seq);
    this.#newest.splice(older < 0 ? this.#newest.length : older, 0, reward);
    if (this.#newest.length > SHOWN) this.#newest.pop();
  }

  /** Make the list what it shall be, with no more changes than that takes. */
  #render() {
    const { list, points, count, empty } = this.#page;
    const wanted = new Set(this.#newest.map(({ id }) => id));
    const items = new Map();
    for (const item of [...list.children]) {
      if (wanted.has(item.dataset.id)) items.set(item.dataset.id, item);
      else item.remove();
    }
    let next = list.firstElementChild;
    for (const reward of this.#newest) {
      const item = items.get(reward.id) ?? this.#item(reward);
      if (item === next) next = next.nextElementSibling;
      else list.insertBefore(item, next);
    }
    this.#fresh.clear();
    const size = this.#known.size;
    const known = this.#past === "known";
    points.textContent = known || (this.#complete && size) ? this.#points.toLocaleString("en") : "…";
    count.textContent = size ? `· ${size.toLocaleString("en")}` : "";
    // What is only being loaded needs no words beside a list that grows.
    empty.hidden = size > 0 && (known || this.#past === "loading");
    if (empty.textContent !== WORDS[this.#past]) empty.textContent = WORDS[this.#past]; // or it is read out again
    empty.dataset.kind = known || this.#past === "loading" ? "" : "busy";
  }

  #item({ id, prize, points, seq }) {
    const what = prize
      ? element("span", "won", this.#prizes.title(prize), element("small", "", `+${points.toLocaleString("en")}`))
      : element("span", "nothing", "nothing");
    const item = element("li", this.#fresh.has(id) ? "fresh" : "", what, element("span", "seq", `#${seq}`));
    item.dataset.id = id;
    item.dataset.seq = seq;
    item.dataset.kind = this.#prizes.kind(prize);
    return item;
  }
}
