// Answers to clicks that a player kept: pasted, or in the address of the page.

/** What a player pasted is not an answer with a receipt. */
export class NoAnswer extends Error {}

/**
 * Return the answers in a text: JSON lines, one JSON object, or a list.
 * @throws {NoAnswer} names what is wrong
 */
export function answersIn(text) {
  const found = parsed(text.trim());
  for (const answer of found) {
    const { seq, receipt } = answer ?? {};
    if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(receipt?.upto) || !/^[0-9a-f]{64}$/.test(receipt.head)) {
      throw new NoAnswer("This is not an answer with a receipt: it needs seq, and a receipt with upto and head.");
    }
  }
  return found;
}

function parsed(text) {
  if (!text) throw new NoAnswer("Paste an answer to a click first.");
  try {
    const whole = JSON.parse(text);
    return Array.isArray(whole) ? whole : [whole];
  } catch {
    return text.split("\n").filter((line) => line.trim()).map((line, number) => {
      try {
        return JSON.parse(line);
      } catch {
        throw new NoAnswer(`Line ${number + 1} is not JSON.`);
      }
    });
  }
}

/** Return the text of the answers in a fragment `#receipts=` + percent-encoded text, or "". */
export function answersInAddress(fragment) {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("receipts") ?? "";
}
