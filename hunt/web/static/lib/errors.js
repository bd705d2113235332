// What the server says instead of doing what it was asked.

/** A no that stays a no: the same request would be refused again. */
export class Refused extends Error {
  /**
   * @param {number} status of HTTP
   * @param {string} detail a sentence
   * @param {string} type names the kind of problem, as in `no-guests`; empty where the server does not say
   */
  constructor(status, detail, type = "") {
    super(detail);
    this.status = status;
    this.type = type;
  }
}

/** Not now. */
export class Busy extends Error {
  /**
   * @param {number} status of HTTP; 429 is too fast, else the server cannot
   * @param {string} detail a sentence
   * @param {number} retryAfter milliseconds that the server asks for, 0 where it does not say
   */
  constructor(status, detail, retryAfter) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Read the error out of a response that is not the wanted one. */
export async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? (response.statusText || `The server answered ${response.status}.`);
  const { status } = response;
  if (status === 429 || status >= 500) return new Busy(status, detail, retryAfter(response));
  return new Refused(status, detail, String(problem.type ?? "").split("#")[1]);
}

function retryAfter(response) {
  const text = response.headers.get("Retry-After") ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now(); // a proxy may send a date
  return Math.max(ms || 0, 0);
}
