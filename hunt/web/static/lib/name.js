// The player's name on leaderboards.

import { errorFrom } from "./errors.js";

const RESPONSE_TIMEOUT = 10_000; // ms

/**
 * Choose a name, and return `{name, claimed, refused}`. Rejects with `Refused` if the name is not allowed.
 * @param {import("./session.js").Session} session
 * @param {string | null} name null removes it
 */
export async function sendName(session, name) {
  const response = await session.fetch("/v1/name", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
    signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
  });
  if (!response.ok) throw await errorFrom(response);
  return response.json();
}
