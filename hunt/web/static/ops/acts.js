// Acts of the operator: each is confirmed first, and its result is shown.

import { byId } from "../shared/elements.js";

/**
 * Perform an act after the operator has confirmed it, and show its result. Returns whether it succeeded.
 * @param {string} question
 * @param {string} consequence
 * @param {() => Promise<string>} action performs it, and returns the result as text
 * @param {Element} frame of the result
 */
export async function act(question, consequence, action, frame = byId("result")) {
  if (!(await confirmed(question, consequence, frame))) return false;
  return perform(action, frame);
}

/** Perform an act that needs no confirmation, and show its result. Returns whether it succeeded. */
export async function perform(action, frame = byId("result")) {
  try {
    showResult(await action(), "good", frame);
    return true;
  } catch (error) {
    const timedOut = error.name === "TimeoutError";
    const wrong = Object.entries(error.errors ?? {}).map(([name, text]) => `${name} ${text}`);
    const why = [error.message, ...wrong].join("; ");
    showResult(timedOut ? "No response in time. The change may or may not be in effect." : `Failed: ${why}`, "bad", frame);
    return false;
  }
}

export function showResult(text, kind, frame = byId("result")) {
  frame.dataset.kind = kind;
  frame.textContent = text;
}

function confirmed(question, consequence, frame) {
  const dialog = byId("confirm");
  byId("question").textContent = question;
  byId("consequence").textContent = consequence;
  showResult("", "good", frame);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
