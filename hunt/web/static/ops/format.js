// Numbers for people.

export const NOTHING = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** How many, or how many a second. */
export const count = (value) => (value === null ? NOTHING : value < 100 ? short.format(value) : whole.format(value));

/** A time, given in seconds. */
export function time(seconds) {
  if (seconds === null) return NOTHING;
  if (seconds === 0) return "0 s";
  if (seconds < 1e-3) return `${short.format(seconds * 1e6)} µs`;
  return seconds < 1 ? `${short.format(seconds * 1e3)} ms` : `${short.format(seconds)} s`;
}

/** A share, 0 to 1. */
export const share = (value) => (value === null ? NOTHING : `${Math.round(value * 100)} %`);
