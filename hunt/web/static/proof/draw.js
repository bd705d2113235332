// The draw of a click and the rule of its settlement, written anew from docs/reference/proof.md.
// Shares no code with the server. Runs in browsers and in Node.js 20. Times are whole microseconds since 1970.

import { bytes, instant, joined, utf8 } from "./bytes.js";
import { counted } from "./counted.js";

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const OVERLAP = 15 * SECOND; // a click may be drawn by the version before, this long after a change
const EARTH = 6_371_008.8; // metres
const CLOSE = 2 ** -40; // mathematical libraries may differ by this much

// Allowance for rounding: an addend of the random number, a factor of squared distances.
const EXACT = { addend: 0, stretch: 1 };
const ROUNDED = [
  { ...EXACT, addend: -CLOSE }, { ...EXACT, addend: CLOSE }, { ...EXACT, stretch: 1 - CLOSE }, { ...EXACT, stretch: 1 + CLOSE },
];

/** Computes the random numbers of a seed. */
export class Draws {
  /** @param {Uint8Array} seed of 32 bytes */
  constructor(seed) {
    this.key = crypto.subtle.importKey("raw", seed, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  }

  /** Return the 53 random bits of a click. */
  async bits(click, player) {
    const message = joined(bytes(click.replaceAll("-", "")), utf8(player));
    const digest = new DataView(await crypto.subtle.sign("HMAC", await this.key, message));
    return digest.getBigUint64(0) >> 11n;
  }

  /** Return the random number of a click, in [0, 1). */
  async uniform(click, player) {
    return Number(await this.bits(click, player)) / 2 ** 53;
  }
}

/** Return the squared distance of two positions: in metres on the sphere, or in map units. */
export function squared(map, ax, ay, bx, by) {
  if (!("west" in map) || (map.unit ?? "degrees") !== "degrees") return (ax - bx) * (ax - bx) + (ay - by) * (ay - by);
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const chord = (angle) => (Math.abs(angle) < 1e-12 ? 0 : Math.sin(radians(angle) / 2));
  const up = chord(by - ay);
  const along = chord(bx - ax);
  const shrunk = Math.sin(radians(90 - Math.abs(ay))) * Math.sin(radians(90 - Math.abs(by)));
  const found = 2 * EARTH * Math.asin(Math.sqrt(Math.min(up * up + shrunk * (along * along), 1)));
  return found * found;
}

/** Return the probability of a prize for a click at a position; numbers of a sealed definition are texts. */
export function chance(map, odds, x, y, stretch = 1) {
  if (typeof odds !== "object") return Number(odds);
  const away = squared(map, x, y, ...odds.at.map(Number)) * stretch;
  if ("within" in odds) return away <= odds.within * odds.within ? Number(odds.odds ?? 1) : 0;
  return odds.peak * Math.exp(-away / (2 * odds.radius * odds.radius));
}

/** Return the offset of a time zone from UTC at a time, in microseconds. */
function offset(timezone, at) {
  offset.formats ??= new Map();
  if (!offset.formats.has(timezone)) {
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
    offset.formats.set(timezone, new Intl.DateTimeFormat("en-US", { timeZone: timezone, hourCycle: "h23", ...parts }));
  }
  const seconds = Math.floor(at / SECOND) * 1000;
  const local = Object.fromEntries(offset.formats.get(timezone).formatToParts(seconds).map(({ type, value }) => [type, Number(value)]));
  return (Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second) - seconds) * 1000;
}

/** Return the beginning of the calendar period that contains a time. */
export function began(per, timezone, at) {
  if (per === "hunt") return -Infinity;
  const local = at + offset(timezone, at);
  if (per === "hour") return at - (local % (3600 * SECOND));
  let midnight = local - (local % DAY);
  if (per === "week") midnight -= ((midnight / DAY + 3) % 7) * DAY; // 1970 began on a Thursday
  const [before, after] = [offset(timezone, midnight - DAY), offset(timezone, midnight + DAY)];
  const isAfter = offset(timezone, midnight - before) !== before && offset(timezone, midnight - after) === after;
  return midnight - (isAfter ? after : before);
}

/** Return the winning moments of a prize, in order; no two are equal. */
export async function moments(draws, prize, starts, until, count) {
  const length = BigInt(until - starts);
  const times = [];
  for (let number = 0; number < count; number++) {
    const share = length * (await draws.bits(number.toString(16).padStart(32, "0"), `moment of ${prize}`));
    const [whole, rest, half] = [share >> 53n, share & (2n ** 53n - 1n), 2n ** 52n];
    times.push(starts + Number(whole + (rest > half || (rest === half && whole % 2n === 1n) ? 1n : 0n)));
  }
  times.sort((a, b) => a - b);
  for (let number = 1; number < count; number++) times[number] = Math.max(times[number], times[number - 1] + 1);
  return times;
}

/** One version of the definition, prepared. */
export class Version {
  /**
   * @param {object} definition as in a seal
   * @param {Draws} draws
   * @param {number} since time from which it is in force
   * @param {object} codes number of the codes of each prize that has some
   */
  static async of(definition, draws, since = -Infinity, codes = {}) {
    const version = new Version();
    const time = (text) => (text === undefined || text === null ? null : instant(text));
    Object.assign(version, {
      definition,
      since,
      map: Object.fromEntries(Object.entries(definition.map).map(([name, value]) => [name, name === "unit" ? value : Number(value)])),
      opens: time(definition.opens_at),
      closes: time(definition.closes_at),
      timezone: definition.timezone ?? "UTC",
      cooldown: Math.round(Number(definition.cooldown ?? 0) * SECOND),
      speed: Number(definition.max_speed ?? 0) || null,
      attempts: definition.attempts ?? null,
      wins: definition.max_wins ?? null,
      prizes: new Map(),
    });
    for (const given of definition.prizes) {
      const prize = { win: "draw", unclaimed: "carry", overflow: null, ...given, from: time(given.from), until: time(given.until), steps: [] };
      if (given.id in codes) prize.stock = codes[given.id];
      prize.starts = prize.from ?? version.opens;
      prize.ends = prize.until ?? version.closes;
      if (Array.isArray(given.release)) prize.steps = given.release.map(([at, total]) => [instant(at), total]);
      else if (given.release?.moments) {
        const times = await moments(draws, given.id, prize.starts, prize.ends, given.release.moments);
        prize.steps = times.map((at, number) => [at, number + 1]);
      }
      version.prizes.set(given.id, prize);
    }
    version.firsts = [...version.prizes.values()].filter(({ win }) => win === "first").map(({ id }) => id).sort();
    return version;
  }

  /** Return the prize that a random number draws at a position, or null. */
  draw(x, y, number, stretch = 1) {
    let edge = 0;
    for (const [key, prize] of this.prizes) {
      if (prize.win === "first") continue;
      edge += chance(this.map, prize.odds, x, y, stretch);
      if (number < edge) return key;
    }
    return null;
  }
}

/** Return how many of the sorted times are at or before `at`. */
function upTo(times, at) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

const count = (counts, key) => counts.get(key) ?? 0;
const add = (counts, key, number) => counts.set(key, count(counts, key) + number);
const append = (lists, key, value) => (lists.has(key) ? lists.get(key).push(value) : lists.set(key, [value]));

/**
 * The rule that decides which click gets what, replayed over the rows of a log. A row has `id`, `player`, `x`, `y` (null for
 * an erased player), `prize`, `points`, `sold_out`, its random number as `uniform`, and `at` in microseconds.
 */
export class Settlement {
  #version = null;
  #before = []; // former versions, and their ends
  #prizes = new Map(); // of all versions: the newest form of each
  #had = new Map();
  #clicks = new Map(); // times of the clicks of each player that count
  #wins = new Map();
  #last = new Map();

  constructor() {
    this.granted = new Map();
    this.lost = new Map();
  }

  /** Go on to another version of the definition. */
  enter(version) {
    if (this.#version) this.#before.unshift({ version: this.#version, end: version.since });
    this.#version = version;
    // Prizes that the hunt no longer has may be drawn for a while; no step releases them.
    for (const [key, prize] of this.#prizes) this.#prizes.set(key, { ...prize, steps: [], times: undefined });
    for (const [key, prize] of version.prizes) this.#prizes.set(key, prize);
  }

  /** Return what is wrong with a row, or null; then count it as the log has it. */
  judge(row) {
    for (const [key, prize] of this.#version.prizes) {
      if (prize.unclaimed !== "void") continue;
      const missed = this.#allowed(prize, row.at)[1] - count(this.granted, key);
      this.lost.set(key, Math.max(count(this.lost, key), missed));
    }
    const wrong = row.x === null ? this.#erased(row) : this.#wrong(row);
    this.#count(row);
    return wrong;
  }

  /** Return the unit of a reward that was declared void at a time. */
  takeBack(row, at) {
    const prize = this.#prizes.get(row.prize);
    if (prize.codes) return;
    add(this.granted, row.prize, -1);
    if (prize.unclaimed === "void" && prize.steps.some(([each]) => row.at < each && each <= at)) add(this.lost, row.prize, 1);
  }

  /** Return how many grants the release allows at a time, and at the step before. */
  #allowed(prize, at) {
    const { steps, starts, ends } = prize;
    prize.times ??= steps.map(([each]) => each);
    const passed = upTo(prize.times, at);
    const before = passed > 1 ? steps[passed - 2][1] : 0;
    if ((prize.from !== null && at < prize.from) || (prize.until !== null && at >= prize.until)) return [0, before];
    if (!prize.release) return [Infinity, before];
    if (!prize.release.even) return [passed ? steps[passed - 1][1] : 0, before];
    if (at < starts) return [0, before];
    return [1 + Number((BigInt(prize.stock) * BigInt(at - starts)) / BigInt(ends - starts)), before];
  }

  #used(key) {
    return count(this.granted, key) + count(this.lost, key);
  }

  #left(key, at) {
    const prize = this.#prizes.get(key);
    return Math.min(prize.stock ?? Infinity, this.#allowed(prize, at)[0]) - this.#used(key);
  }

  #soldOut(key) {
    const { stock } = this.#prizes.get(key);
    return (stock ?? null) !== null && this.#used(key) >= stock;
  }

  /** Return whether no limit of the player forbids a grant. */
  #may(key, row) {
    const limit = this.#prizes.get(key).per_player ?? null;
    if (limit !== null && count(this.#had, `${row.player} ${key}`) >= limit) return false;
    const { wins, timezone } = this.#version;
    if (wins === null) return true;
    const won = this.#wins.get(row.player) ?? [];
    return won.length - upTo(won, began(wins.per, timezone, row.at) - 1) < wins.count;
  }

  /** Return why a click that is in the log should not have counted, or null. */
  #refusal(row) {
    const { opens, closes, cooldown, attempts, speed, timezone, map } = this.#version;
    if (opens !== null && row.at < opens) return "is before the hunt opened";
    if (closes !== null && row.at >= closes) return "is after the hunt closed";
    const last = this.#last.get(row.player);
    if (last && cooldown && last.at + cooldown > row.at) return "is within the player's cooldown";
    if (attempts !== null) {
      const clicks = this.#clicks.get(row.player) ?? [];
      const since = began(attempts.per, timezone, row.at);
      if (clicks.length - upTo(clicks, since - 1) >= attempts.count) return "exceeds the player's attempts";
    }
    if (speed !== null && last?.place) {
      const metres = Math.sqrt(squared(map, ...last.place, row.x, row.y));
      if (metres > ((speed * Math.max(row.at - last.at, 0)) / SECOND) * (1 + CLOSE)) return "is too far from the player's last click";
    }
    return null;
  }

  /** Return the prize that a click gets, and the one that it drew and that is sold out. */
  #expected(row, drawn, { stretch }) {
    for (const key of this.#version.firsts) {
      const inside = chance(this.#version.map, this.#prizes.get(key).odds, row.x, row.y, stretch) > 0;
      if (inside && this.#left(key, row.at) > 0 && this.#may(key, row)) return [key, null];
    }
    for (let key = drawn; key !== null; key = this.#prizes.get(key).overflow) {
      if (this.#left(key, row.at) > 0) return [this.#may(key, row) ? key : null, null];
      if (!this.#soldOut(key)) return [null, null];
    }
    return [null, drawn];
  }

  /** Return what is wrong with a row of an erased player, whose draw is not known. */
  #erased({ prize, at }) {
    if (prize !== null && !this.#prizes.has(prize)) return `prize ${prize} is in no version`;
    return prize !== null && this.#left(prize, at) <= 0 ? `prize ${prize}, of which none was left` : null;
  }

  #wrong(row) {
    const refusal = this.#refusal(row);
    if (refusal !== null) return `the click ${refusal}`;
    let first = null;
    for (const rounding of [EXACT, ...ROUNDED]) {
      for (const version of this.#inForce(row.at)) {
        const drawn = version.draw(row.x, row.y, row.uniform + rounding.addend, rounding.stretch);
        if (drawn !== null && !this.#prizes.has(drawn)) continue;
        const [prize, soldOut] = this.#expected(row, drawn, rounding);
        const of = prize === drawn ? version : this.#version;
        const points = prize === null ? 0 : (of.prizes.get(prize) ?? this.#prizes.get(prize)).points;
        if (prize === row.prize && soldOut === row.sold_out && points === row.points) return null;
        first ??= { prize, soldOut, points };
      }
    }
    if (first.prize === row.prize && first.soldOut === row.sold_out) return `${counted(row.points, "point")} instead of ${first.points}`;
    return `${shown(row.prize, row.sold_out)} instead of ${shown(first.prize, first.soldOut)}`;
  }

  /** Return the versions by which a click may have been drawn, the present one first. */
  #inForce(at) {
    return [this.#version, ...this.#before.filter(({ end }) => end + OVERLAP >= at).map(({ version }) => version)];
  }

  #count({ player, prize, at, x, y }) {
    if (prize !== null) add(this.granted, prize, 1);
    if (player === null) return;
    append(this.#clicks, player, at);
    const { cooldown, speed } = this.#version;
    if (cooldown || speed) this.#last.set(player, { at, place: speed ? [x, y] : null });
    if (prize === null) return;
    append(this.#wins, player, at);
    add(this.#had, `${player} ${prize}`, 1);
  }
}

function shown(prize, soldOut) {
  if (prize !== null) return `prize ${prize}`;
  return soldOut === null ? "no prize" : `no prize, ${soldOut} sold out,`;
}
