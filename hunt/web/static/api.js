// The requests of a player: a session, reading, and clicks that are sent until they count.

/** A random UUID; `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Wait, in milliseconds. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Full jitter: anything up to a bound that doubles with each attempt, at most 10 s. */
export const backoff = (attempt) => Math.random() * Math.min(500 * 2 ** attempt, 10_000);

/** What the server said no with. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Become a guest, or be told who the cookie says we are. */
export async function session() {
  const response = await fetch("/v1/session", { method: "POST" });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/** Read JSON; what failed for the moment is tried again. */
export async function read(path) {
  for (let attempt = 0; ; attempt++) {
    let response;
    try {
      response = await fetch(path);
    } catch {
      await sleep(backoff(attempt));
      continue;
    }
    if (response.ok) return response.json();
    if (!again(response.status)) throw await refusal(response);
    await sleep(retryAfter(response) + backoff(attempt));
  }
}

/**
 * Send a click until it has an outcome.  Its id stays the same, so that it counts once, however often it is sent.
 * @param {string} hunt
 * @param {{id: string, x: number, y: number}} click
 * @param {(ms: number) => void} waiting told before each pause
 */
export async function click(hunt, click, waiting) {
  for (let attempt = 0; ; attempt++) {
    let pause = backoff(attempt);
    try {
      const response = await fetch(`/v1/hunts/${hunt}/clicks`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(click),
        signal: AbortSignal.timeout(10_000),
      });
      if (response.ok) return await response.json();
      if (!again(response.status)) throw await refusal(response);
      pause += retryAfter(response);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    waiting(pause);
    await sleep(pause);
  }
}

const again = (status) => status === 429 || status >= 502;
const retryAfter = (response) => 1000 * (Number(response.headers.get("Retry-After")) || 0);

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  return new Refused(response.status, problem.detail ?? response.statusText);
}
