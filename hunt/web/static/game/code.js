// The code of a prize, with a button that copies it.

import { element } from "../shared/elements.js";
import { say } from "./words.js";

const SHOWN = 3_000; // ms for which the button says what it did

/**
 * Return an element that shows a code.
 * @param {string} code
 * @param {string} title of the prize, for screen readers
 */
export function codeBox(code, title) {
  const text = element("code", {}, code);
  const button = element("button", { type: "button", className: "copy" }, say("copy"));
  button.setAttribute("aria-label", say("copyCode", { title }));
  button.addEventListener("click", async () => {
    const copied = await copy(code, text);
    button.textContent = say(copied ? "copied" : "selected");
    setTimeout(() => (button.textContent = say("copy")), SHOWN);
  });
  return element("span", { className: "code" }, text, button);
}

/** Copy a code; where the browser does not allow it, select its text and return false. */
async function copy(code, text) {
  try {
    await navigator.clipboard.writeText(code);
    return true;
  } catch {
    getSelection().selectAllChildren(text);
    return false;
  }
}
