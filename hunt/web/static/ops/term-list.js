// A definition list whose values are updated in place.

import { element } from "../shared/elements.js";

export class TermList {
  #list;
  #values = new Map(); // term -> dd

  constructor(list) {
    this.#list = list;
  }

  /** Show the values of terms; new terms are appended. */
  show(values) {
    for (const [term, value] of Object.entries(values)) {
      const shown = this.#values.get(term) ?? this.#add(term);
      if (shown.textContent !== value) shown.textContent = value;
    }
  }

  #add(term) {
    const shown = element("dd", {});
    this.#values.set(term, shown);
    this.#list.append(element("div", {}, element("dt", {}, term), shown));
    return shown;
  }
}
