// Numbers with their nouns. The verifier imports its own modules only, so it does not use `shared/plural.js`.

/** Return a number with its noun, as in "1 row" and "24 rows". */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
