// The effect of a schedule entry on a door of a campaign, as the server would perform it.

/** States of doors, as an entry sees them: a door that waits for `opens_at` is open already. */
const PRESENT = { draft: "draft", waiting: "open", open: "open", closing: "open", paused: "paused", closed: "over" };

const AFTER = { open: "open", resume: "open", pause: "paused", close: "over" };

const CHANGES = {
  open: "opens",
  resume: "goes on",
  pause: "pauses: clicks are refused",
  close: "ends permanently, and its seed becomes public",
};

/**
 * Return the state of a door just before a moment, if its waiting entries are performed.
 * @param {{state: string, closes_at: string | null}} door
 * @param {object[]} entries that wait in its schedule
 * @param {number} at ms since 1970
 */
export function stateAt(door, entries, at) {
  let state = PRESENT[door.state];
  const earlier = entries.filter((entry) => Date.parse(entry.at) <= at).sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  for (const { action } of earlier) {
    const refused = state === "over" || (state === "draft" && action !== "open");
    if (!refused) state = AFTER[action] ?? state;
  }
  const ended = door.closes_at !== null && Date.parse(door.closes_at) <= at && state !== "draft";
  return ended ? "over" : state;
}

/**
 * Return what an entry does to a door, and its kind: `change`, `none`, `fails`, or `over` for a door that gets no entry.
 * @param {{state: string, opens_at: string | null, closes_at: string | null}} door
 * @param {object[]} entries that wait in its schedule
 * @param {{action: string, at: number, text: string | null}} entry `at` in ms since 1970
 * @param {(at: string) => string} moment formats a time
 */
export function effect(door, entries, { action, at, text }, moment) {
  if (door.state === "closed") return { kind: "over", text: "is over, and gets no entry" };
  const state = stateAt(door, entries, at);
  if (state === "over") return { kind: "none", text: "no change: it is over by then" };
  if (action === "announce") return { kind: "change", text: text === null ? "its message is withdrawn" : "its players see the message" };
  if (state === "draft" && action !== "open") return { kind: "fails", text: "fails: it is still a draft" };
  if (state === AFTER[action]) return { kind: "none", text: `no change: it is ${state} by then` };
  const later = action === "open" && door.opens_at !== null && Date.parse(door.opens_at) > at;
  return { kind: "change", text: later ? `opens, and takes clicks from ${moment(door.opens_at)}` : CHANGES[action] };
}
