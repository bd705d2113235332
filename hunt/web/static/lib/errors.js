// Errors made from the server's error responses.

/** A final refusal: repeating the request would not change the answer. */
export class Refused extends Error {
  /**
   * @param {number} status of HTTP
   * @param {string} detail a sentence
   * @param {string} type slug of the problem type, such as `no-guests`; empty if the server sent none
   * @param {number} retryAfter ms after which the same request may succeed (`too-far`); 0: never
   * @param {object} errors what is wrong, by field of the request
   */
  constructor(status, detail, type = "", retryAfter = 0, errors = {}) {
    super(detail);
    this.status = status;
    this.type = type;
    this.retryAfter = retryAfter;
    this.errors = errors;
  }
}

/** A temporary refusal: the request may be retried. */
export class Busy extends Error {
  /**
   * @param {number} status of HTTP: 429 (rate limit) or 5xx
   * @param {string} detail a sentence
   * @param {number} retryAfter ms that the server asks to wait, 0 if it does not say
   */
  constructor(status, detail, retryAfter) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Return the error of a response that is not a success: `Busy` or `Refused`. */
export async function errorFrom(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? (response.statusText || `The server answered ${response.status}.`);
  const { status } = response;
  if (status === 429 || status >= 500) return new Busy(status, detail, retryAfter(response));
  return new Refused(status, detail, String(problem.type ?? "").split("#")[1], retryAfter(response), problem.errors);
}

function retryAfter(response) {
  const text = response.headers.get("Retry-After") ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now(); // a proxy may send a date
  return Math.max(ms || 0, 0);
}
