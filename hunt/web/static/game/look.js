// The look of a hunt: its colours, its logo, and its texts in a language.

import { byId } from "../shared/elements.js";
import { textLanguage } from "./page-data.js";
import { language, sayFor } from "./words.js";

/** The look of one hunt; without a `page` in its details, that of the harbour. */
export class Look {
  #page;
  #texts;
  #language;

  /**
   * @param {object} [page] of the hunt's details
   * @param {string} [chosen] language that the server has chosen for the texts of the page's hunt; null: choose here
   */
  constructor(page = {}, chosen = textLanguage()) {
    this.#page = page;
    this.scene = page.scene ?? "harbour";
    const offered = page.texts ?? {};
    const found = chosen ?? lookup(wanted(), [...Object.keys(offered), page.language ?? "en"]) ?? page.language ?? "en";
    this.#texts = offered[found] ?? {};
    this.#language = found;
  }

  /** Address of the picture behind the map; undefined: the scene. */
  get background() {
    return this.#page.background;
  }

  /** Return the hunt's own text, or the page's. */
  text(key, values) {
    return this.#texts[key] ?? sayFor(key, this.scene, values);
  }

  /** Return the hunt's own text; undefined if it has none. */
  own(key) {
    return this.#texts[key];
  }

  /** Return the prizes of a hunt with their titles in the language of the texts. */
  titled(prizes) {
    const titles = this.#texts.prize ?? {};
    return prizes.map((prize) => ({ ...prize, title: titles[prize.id] ?? prize.title }));
  }

  /** Return a door of a campaign with its title and those of its prizes in the language of the texts. */
  door(door) {
    const { title = door.title, prize: titles = {} } = door.texts?.[this.#language] ?? {};
    if (!door.prizes) return { ...door, title };
    return { ...door, title, prizes: door.prizes.map((prize) => ({ ...prize, title: titles[prize.id] ?? prize.title })) };
  }

  /** Mark an element whose text is the hunt's own with its language, for screen readers and fonts. */
  mark(element) {
    if (this.#language === language) return;
    element.lang = this.#language;
    element.dir = "auto";
  }

  /** Show the colours and the logo. */
  apply() {
    const root = document.documentElement;
    root.dataset.scene = this.scene;
    const { colours = {}, dark, logo } = this.#page;
    for (const [name, colour] of Object.entries(colours)) root.style.setProperty(`--${name}`, colour);
    if (dark !== undefined) root.style.colorScheme = dark ? "dark" : "light";
    const image = byId("logo");
    image.hidden = !logo;
    if (logo) image.src = logo;
  }
}

/** Return the languages of the reader, the most wanted first. */
function wanted() {
  const asked = new URLSearchParams(location.search).get("lang");
  return asked ? [asked, ...navigator.languages] : navigator.languages;
}

/** Return the offered language that fits best, as the server chooses it (RFC 4647, lookup); undefined if none fits. */
function lookup(tags, offered) {
  for (const tag of tags) {
    for (let parts = tag.toLowerCase().split("-"); parts.length; parts.pop()) {
      const found = offered.find((each) => each.toLowerCase() === parts.join("-"));
      if (found) return found;
    }
    const near = offered.find((each) => each.split("-")[0].toLowerCase() === tag.split("-")[0].toLowerCase());
    if (near) return near;
  }
}
