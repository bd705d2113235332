// What the server says instead of doing what it was asked.

/** A no that stays a no: the same request would be refused again. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Not now. */
export class Busy extends Error {
  /** @param {number} retryAfter milliseconds that the server asks for, 0 where it does not say */
  constructor(detail, retryAfter) {
    super(detail);
    this.retryAfter = retryAfter;
  }
}

/** Read the error out of a response that is not the wanted one. */
export async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? (response.statusText || `The server answered ${response.status}.`);
  const { status } = response;
  return status === 429 || status >= 500 ? new Busy(detail, retryAfter(response)) : new Refused(status, detail);
}

function retryAfter(response) {
  const text = response.headers.get("Retry-After") ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now(); // a proxy may send a date
  return Math.max(ms || 0, 0);
}
