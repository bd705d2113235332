// Clicks without an outcome, kept over a reload: their ids make it safe to send them again.

const MOST = 50; // clicks of one hunt
const AGE = 24 * 3600_000; // ms after which a click is not sent any more

/** The kept clicks of one player in one hunt. Without storage they last until the page is closed. */
export class KeptClicks {
  #key;

  /** @param {string} owner hunt and player */
  constructor(owner) {
    this.#key = `hunt-clicks ${owner}`;
  }

  /** Return the kept clicks, oldest first: `{id, x, y, accuracy, at}`. */
  all() {
    try {
      const found = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      return found.filter(({ id, at }) => typeof id === "string" && at > Date.now() - AGE);
    } catch {
      return [];
    }
  }

  /** Keep a click; the oldest ones make room. */
  keep(click) {
    const others = this.all().filter(({ id }) => id !== click.id);
    this.#write([...others, { ...click, at: Date.now() }].slice(-MOST));
  }

  /** Forget a click that has an outcome or was refused. */
  drop(id) {
    const all = this.all();
    const left = all.filter((each) => each.id !== id);
    if (left.length < all.length) this.#write(left);
  }

  #write(clicks) {
    try {
      if (clicks.length) localStorage.setItem(this.#key, JSON.stringify(clicks));
      else localStorage.removeItem(this.#key);
    } catch {
      // Storage is full, or the browser blocks it.
    }
  }
}
