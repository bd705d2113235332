// Who the operator is: a token that this tab keeps, and that goes into a header only.

import { refusal } from "../lib/errors.js";
import { Session } from "../lib/session.js";

const KEPT = "hunt-operator";
const ANSWER = 10_000; // ms that the server has to answer

export class Operator {
  session = new Session(() => {}, { token: () => this.#token });
  #token = sessionStorage.getItem(KEPT) ?? "";

  get signedIn() {
    return this.#token !== "";
  }

  signIn(token) {
    this.#token = token;
    sessionStorage.setItem(KEPT, token);
  }

  signOut() {
    this.#token = "";
    sessionStorage.removeItem(KEPT);
  }

  /** Who the token says that one is; only the server knows whether that is true. */
  get name() {
    try {
      const [, payload] = this.#token.split(".");
      return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).sub ?? "";
    } catch {
      return "";
    }
  }

  /** Have something done; rejects with what the server said. */
  post(path, body = {}) {
    return this.#request(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /** As `post`, but have it deleted. */
  delete(path) {
    return this.#request(path, { method: "DELETE" });
  }

  async #request(path, options) {
    const response = await this.session.fetch(path, { ...options, signal: AbortSignal.timeout(ANSWER) });
    if (!response.ok) throw await refusal(response);
    return response.json();
  }
}
