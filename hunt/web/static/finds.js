// What the player has found, and the list of it.

const SHOWN = 200; // in the list; older ones still count

/** Rewards by click id: each comes with the answer and again with the stream, and counts once. */
export class Finds {
  #known = new Set();
  #points = 0;
  #titles;
  #page;

  /**
   * @param {Map<string, string>} titles of prizes, by their ids
   * @param {{list: Element, points: Element, count: Element, empty: Element}} page
   */
  constructor(titles, page) {
    this.#titles = titles;
    this.#page = page;
  }

  /** Take rewards in the order of the log; a known one changes nothing. */
  add(rewards, { fresh }) {
    // The newest first: of a long history the list then takes no more than it can show.
    for (const reward of rewards.toReversed()) {
      if (this.#known.has(reward.id)) continue;
      this.#known.add(reward.id);
      this.#points += reward.points;
      this.#list(reward, fresh);
    }
    this.#total();
  }

  /** Forget all of them: they are another player's. */
  clear() {
    this.#known.clear();
    this.#points = 0;
    this.#page.list.replaceChildren();
    this.#total();
  }

  /** Newest first, by the log's order, whichever way each of them came. */
  #list(reward, fresh) {
    const { list } = this.#page;
    const older = [...list.children].find((each) => Number(each.dataset.seq) < reward.seq);
    if (!older && list.children.length === SHOWN) return;
    list.insertBefore(this.#item(reward, fresh), older ?? null);
    if (list.children.length > SHOWN) list.lastElementChild.remove();
  }

  #item(reward, fresh) {
    const item = document.createElement("li");
    item.dataset.id = reward.id;
    item.dataset.seq = reward.seq;
    if (fresh) item.className = "fresh";
    const { prize, points, seq } = reward;
    const what = text("span", prize ? "won" : "nothing", prize ? (this.#titles.get(prize) ?? prize) : "nothing");
    if (prize) what.append(text("small", "", `+${points.toLocaleString("en")}`));
    item.append(what, text("span", "seq", `#${seq}`));
    return item;
  }

  #total() {
    const { points, count, empty } = this.#page;
    const size = this.#known.size;
    points.textContent = this.#points.toLocaleString("en");
    count.textContent = size ? `· ${size.toLocaleString("en")}` : "";
    empty.hidden = size > 0;
  }
}

function text(name, className, content) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = content;
  return element;
}
