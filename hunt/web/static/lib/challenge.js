// The challenge that a visitor must pass to become a guest.

import { errorFrom, Refused } from "./errors.js";
import { sha256 } from "./sha256.js";

const RESPONSE_TIMEOUT = 10_000; // ms
const SLICE = 12; // ms of work between two pauses, so that the page still responds

/** The object of each third party's script in the page. */
const WIDGETS = { turnstile: "turnstile", hcaptcha: "hcaptcha" };

/**
 * Get a challenge from the server, and return the answer.
 * @param {string} base the server's address, without a slash at its end
 * @returns {Promise<string>} value of the header `Hunt-Challenge`
 */
export async function answerChallenge(base) {
  const response = await fetch(`${base}/v1/challenge`, { signal: AbortSignal.timeout(RESPONSE_TIMEOUT) });
  if (!response.ok) throw await errorFrom(response);
  const offered = await response.json();
  if (offered.kind === "altcha") return solve(offered.puzzle);
  if (offered.kind in WIDGETS && typeof document !== "undefined") return answerOfWidget(offered);
  throw new Refused(403, `This page does not know the challenge “${offered.kind}”.`, "challenge-required");
}

/** Return the answer to a proof of work: the number whose hash with the salt is the challenge. */
export async function solve({ algorithm, challenge, maxnumber, salt, signature }) {
  const wanted = Int32Array.from(challenge.match(/.{8}/g), (word) => parseInt(word, 16));
  let until = performance.now() + SLICE;
  for (let number = 0; number <= maxnumber; number++) {
    const hash = sha256(`${salt}${number}`);
    if (hash.every((word, i) => word === wanted[i])) {
      return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
    }
    if (number % 64 === 0 && performance.now() > until) {
      await pause();
      until = performance.now() + SLICE;
    }
  }
  throw new Refused(403, "The challenge has no solution. Reload the page to try again.", "challenge-failed");
}

/** Let the page handle events. Unlike a timer, a message is not delayed in a tab in the background. */
function pause() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(null);
  });
}

/** Show the widget of a third party, and return its answer. */
async function answerOfWidget({ kind, script, site_key: sitekey }) {
  const frame = Object.assign(document.createElement("div"), { id: "challenge" });
  document.body.append(frame);
  try {
    if (!globalThis[WIDGETS[kind]]) await load(script);
    const widget = globalThis[WIDGETS[kind]];
    return await new Promise((resolve, reject) => {
      const failed = () => reject(new Refused(403, "The challenge failed. Reload the page to try again.", "challenge-failed"));
      widget.render(frame, { sitekey, callback: resolve, "error-callback": failed });
    });
  } finally {
    frame.remove();
  }
}

/** Load the script of a third party; both have a global object once it has run. */
function load(url) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: url, async: true });
    script.onload = resolve;
    script.onerror = () => reject(new Refused(403, "The script of the challenge could not be loaded. A content blocker may prevent it.", "challenge-failed"));
    document.head.append(script);
  });
}
