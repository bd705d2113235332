// Why the breaker opened, in words, by the `reason` of a sample.

export const REASONS = {
  slow: "commits were slow",
  timeout: "commits timed out",
  unavailable: "the database was unreachable",
  "read-only": "the database is read-only",
  forced: "held by an operator",
};
