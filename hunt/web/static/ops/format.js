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

/** Format a time in seconds by its two largest units, as in "2 d 3 h". */
export function span(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const largest = Math.max(units.findIndex(([unit]) => seconds >= unit), 0);
  const [[unit, name], smaller] = [seconds < 1 ? units[3] : units[largest], units[largest + 1]];
  const whole = Math.floor(seconds / unit);
  const rest = smaller ? Math.floor((seconds - whole * unit) / smaller[0]) : 0;
  return rest && seconds >= 1 ? `${whole} ${name} ${rest} ${smaller[1]}` : `${whole} ${name}`;
}

/** Format the time of day of a moment, given in seconds since 1970. */
export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Format a share, 0 to 1, as a percentage. */
export const share = (value) => (value === null ? NOTHING : `${Math.round(value * 100)} %`);
