// Numbers with their nouns, in English.

const kinds = new Intl.PluralRules("en");
const integer = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/**
 * Return a number with its noun, as in "1 door" and "2,400 doors".
 * @param {number} number
 * @param {string} one the noun of one
 * @param {string} many the noun of all other numbers
 * @param {string} shown the number as text
 */
export function plural(number, one, many = `${one}s`, shown = integer.format(number)) {
  return `${shown} ${kinds.select(number) === "one" ? one : many}`;
}
