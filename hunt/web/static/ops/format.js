// Formatting of numbers.

/** Shown for a value that does not exist. */
export const NOTHING = "–";

const integer = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const threeDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** Format a number or a rate. */
export const count = (value) => (value === null ? NOTHING : value < 100 ? threeDigits.format(value) : integer.format(value));

/** Format a duration, given in seconds. */
export function time(seconds) {
  if (seconds === null) return NOTHING;
  if (seconds === 0) return "0 s";
  if (seconds < 1e-3) return `${threeDigits.format(seconds * 1e6)} µs`;
  return seconds < 1 ? `${threeDigits.format(seconds * 1e3)} ms` : `${threeDigits.format(seconds)} s`;
}

/** Format a share, 0 to 1, as a percentage. */
export const share = (value) => (value === null ? NOTHING : `${Math.round(value * 100)} %`);
