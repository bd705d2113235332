// Acts of the operator: each is confirmed first, and its result is shown.

import { byId } from "../shared/elements.js";

/** Perform an act after the operator has confirmed it, and show its result. Returns whether it succeeded. */
export async function act(question, consequence, action) {
  if (!(await confirmed(question, consequence))) return false;
  return perform(action);
}

/** Perform an act that needs no confirmation, and show its result. Returns whether it succeeded. */
export async function perform(action) {
  try {
    showResult(await action(), "good");
    return true;
  } catch (error) {
    const timedOut = error.name === "TimeoutError";
    const wrong = Object.entries(error.errors ?? {}).map(([name, text]) => `${name} ${text}`);
    const why = [error.message, ...wrong].join("; ");
    showResult(timedOut ? "No response in time. The change may or may not be in effect." : `Failed: ${why}`, "bad");
    return false;
  }
}

export function showResult(text, kind) {
  const result = byId("result");
  result.dataset.kind = kind;
  result.textContent = text;
}

function confirmed(question, consequence) {
  const dialog = byId("confirm");
  byId("question").textContent = question;
  byId("consequence").textContent = consequence;
  showResult("", "good");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
