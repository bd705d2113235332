// The signed-in operator: a token that is kept in this tab and sent in a header only.

import { errorFrom } from "../lib/errors.js";
import { Session } from "../lib/session.js";

const STORAGE_KEY = "hunt-operator";
const RESPONSE_TIMEOUT = 10_000; // ms

export class Operator {
  session = new Session(() => {}, { token: () => this.#token });
  #token = sessionStorage.getItem(STORAGE_KEY) ?? "";

  get signedIn() {
    return this.#token !== "";
  }

  signIn(token) {
    this.#token = token;
    sessionStorage.setItem(STORAGE_KEY, token);
  }

  signOut() {
    this.#token = "";
    sessionStorage.removeItem(STORAGE_KEY);
  }

  /** The name and the roles in the token, for display: only the server can verify them. */
  get name() {
    const { sub = "", roles } = this.#claims();
    return Array.isArray(roles) ? `${sub} (${roles.join(", ")})` : sub;
  }

  /** Whether the token has one of these roles, or all rights; only the server can verify it. */
  mayAs(...roles) {
    const { roles: own } = this.#claims();
    return !Array.isArray(own) || roles.some((each) => own.includes(each));
  }

  #claims() {
    try {
      const [, payload] = this.#token.split(".");
      return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) ?? {};
    } catch {
      return {};
    }
  }

  /** Send a GET request; otherwise like `post`. */
  get(path) {
    return this.#request(path, {});
  }

  /** Send a POST request and return the JSON of the response; rejects with the server's error. */
  post(path, body = {}) {
    return this.#request(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /** Send a PUT request; otherwise like `post`. */
  put(path, body) {
    return this.#request(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  /** Send a DELETE request; otherwise like `post`. */
  delete(path) {
    return this.#request(path, { method: "DELETE" });
  }

  async #request(path, options) {
    const response = await this.session.fetch(path, { ...options, signal: AbortSignal.timeout(RESPONSE_TIMEOUT) });
    if (!response.ok) throw await errorFrom(response);
    return response.json();
  }
}
