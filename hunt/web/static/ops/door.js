// Signing in and out: either the form or the parts of the page for signed-in operators are shown.

import { byId } from "../shared/elements.js";

export class Door {
  #operator;
  #entered;
  #left;

  /**
   * @param {import("./operator.js").Operator} operator
   * @param {{entered: () => void, left: () => void}} handlers `entered`: the operator signed in; `left`: signed out
   */
  constructor(operator, { entered, left }) {
    this.#operator = operator;
    this.#entered = entered;
    this.#left = left;
    byId("sign-in").addEventListener("submit", (event) => {
      event.preventDefault();
      operator.signIn(byId("token").value.trim());
      byId("token").value = "";
      byId("refused").textContent = "";
      this.open();
    });
    byId("sign-out").addEventListener("click", () => {
      operator.signOut();
      location.reload(); // ends the streams, and removes everything that was shown
    });
  }

  /** Let a signed-in operator in; else show the form. */
  open() {
    this.#show(this.#operator.signedIn);
    if (this.#operator.signedIn) this.#entered();
  }

  /** Sign out, and say why. */
  close(reason) {
    this.#operator.signOut();
    this.#left();
    this.#show(false);
    byId("refused").textContent = reason;
    byId("token").focus();
  }

  #show(signedIn) {
    for (const id of ["inside", "connection", "sign-out", "who"]) byId(id).hidden = !signedIn;
    byId("door").hidden = signedIn;
  }
}
