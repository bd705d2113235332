// The dialog in which a player chooses a name.

import { byId } from "../shared/elements.js";
import { refusalText, say } from "./words.js";

export class Naming {
  #player;

  /** @param {object} player made by `join` */
  constructor(player) {
    this.#player = player;
    byId("rename").addEventListener("click", () => this.#open());
    byId("name-cancel").addEventListener("click", () => byId("naming").close());
    byId("naming").querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
  }

  async #open() {
    const [field, save] = [byId("name"), byId("name-save")];
    this.#problem("");
    save.disabled = true; // until the present name is known: an empty one removes it
    byId("naming").showModal();
    try {
      const { name, claimed } = await this.#player.name();
      field.value ||= name ?? "";
      field.disabled = save.disabled = claimed;
      if (claimed) this.#problem(say("nameFixed"));
    } catch (error) {
      this.#problem(refusalText(error));
    }
  }

  async #save() {
    const name = byId("name").value.trim();
    byId("name-save").disabled = true;
    try {
      await this.#player.rename(name || null);
      byId("naming").close();
    } catch (error) {
      this.#problem(error.errors?.name ? say("nameInvalid") : refusalText(error));
      byId("name").focus();
    } finally {
      byId("name-save").disabled = false;
    }
  }

  #problem(text) {
    byId("name-problem").textContent = text;
    byId("name").setAttribute("aria-invalid", String(text !== ""));
  }
}
