// The player's rewards: the list, their number, and the points.

import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";
import { codeBox } from "./code.js";
import { numberText, say } from "./words.js";

const MAX_ITEMS = 200; // in the list; older rewards still count

/** Keys of the text beside the list, by the state of the history. */
const WORDS = { loading: "loadingClicks", waiting: "historyWaiting", known: "empty", unknown: "historyUnknown" };

/** Deduplicates rewards by click id: the answer, the stream and the history may each deliver the same reward. */
export class RewardList {
  #known = new Set(); // click ids
  #points = 0;
  #newest = []; // rewards in the list, by descending seq
  #fresh = new Set(); // click ids that are highlighted as new
  #history = "loading"; // key of WORDS
  #complete = false; // the history was loaded at least once
  #prizes;
  #page;
  #look;
  #mark;
  #show = onFrame(() => this.#render());

  /**
   * @param {import("./prizes.js").Prizes} prizes
   * @param {{list: Element, points: Element, count: Element, empty: Element}} page
   * @param {import("./look.js").Look} look has the words for an empty list
   * @param {(reward: object) => Element | null} mark returns what is shown beside a prize: its state, or a button
   */
  constructor(prizes, page, look, mark) {
    this.#look = look;
    this.#mark = mark;
    this.#prizes = prizes;
    this.#page = page;
  }

  /** Add rewards that are not known yet; `fresh` ones are highlighted. */
  add(rewards, { fresh }) {
    for (const reward of rewards) {
      if (this.#known.has(reward.id)) {
        this.stateChanged(reward);
        continue;
      }
      this.#known.add(reward.id);
      if (reward.state !== "void") this.#points += reward.points;
      this.#insert(reward);
      if (fresh) this.#fresh.add(reward.id);
    }
    if (this.#fresh.size > MAX_ITEMS) this.#fresh.clear(); // the page is hidden
    this.#show();
  }

  /** Show another state of a reward; the points of a void one do not count. */
  stateChanged({ seq, state }) {
    const reward = this.#newest.find((each) => each.seq === seq);
    if (!reward || !state || reward.state === state) return;
    if (state === "void") this.#points -= reward.points;
    reward.state = state;
    this.#page.list.querySelector(`[data-seq="${seq}"]`)?.remove(); // it is made again
    this.#show();
  }

  /** The points of all rewards that are not void. */
  get points() {
    return this.#points;
  }

  /** Show the state of the history, a key of `WORDS`. The points are unknown until it was loaded. */
  historyState(state) {
    if (state === "loading" && this.#complete) return; // a reload in the background
    this.#history = state;
    this.#complete ||= state === "known";
    this.#show();
  }

  /** Remove all rewards. */
  clear() {
    this.#known.clear();
    this.#history = "loading";
    this.#complete = false;
    this.#points = 0;
    this.#newest = [];
    this.#show();
  }

  /** Return whether a win of the public stream, which has no id, is one of the newest rewards. */
  has({ at, prize }) {
    return this.#newest.some((reward) => reward.at === at && reward.prize === prize);
  }

  #insert(reward) {
    const older = this.#newest.findIndex(({ seq }) => seq < reward.seq);
    this.#newest.splice(older < 0 ? this.#newest.length : older, 0, reward);
    if (this.#newest.length <= MAX_ITEMS) return;
    const dropped = this.#newest.findLastIndex(({ code }) => code === undefined); // a code stays in sight
    if (dropped >= 0) this.#newest.splice(dropped, 1);
  }

  #render() {
    this.#renderList();
    this.#fresh.clear();
    const { points, count, empty } = this.#page;
    const size = this.#known.size;
    const known = this.#history === "known";
    points.textContent = known || (this.#complete && size) ? numberText(this.#points) : "…";
    count.textContent = size ? `· ${numberText(size)}` : "";
    // No "loading" text beside a list that has items.
    empty.hidden = size > 0 && (known || this.#history === "loading");
    const words = this.#look.text(WORDS[this.#history]);
    if (empty.textContent !== words) empty.textContent = words; // an assignment would announce it again
    empty.dataset.kind = known || this.#history === "loading" ? "" : "busy";
  }

  /** Update the list with as few DOM changes as possible. */
  #renderList() {
    const { list } = this.#page;
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
  }

  #item(reward) {
    const { id, prize, points, seq, state, code } = reward;
    const worth = element("small", {}, `+${numberText(points)}`);
    const found = prize
      ? element("span", { className: "won" }, this.#prizes.title(prize), worth)
      : element("span", { className: "nothing" }, say("miss"));
    const number = element("span", { className: "seq" }, `#${seq}`);
    const item = element("li", { className: this.#fresh.has(id) ? "fresh" : "" }, found);
    if (code !== undefined) item.append(codeBox(code, this.#prizes.title(prize)));
    const mark = this.#mark(reward);
    if (mark) item.append(mark);
    item.append(number);
    Object.assign(item.dataset, { id, seq, kind: this.#prizes.kind(prize), state: state ?? "" });
    return item;
  }
}
