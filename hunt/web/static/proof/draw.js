// The draw of a click and the rule of its settlement, written anew from docs/explanation/fairness.md.
// Shares no code with the server. Runs in browsers and in Node.js 20. Times are whole microseconds since 1970.

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const OVERLAP = 15 * SECOND; // a click may be drawn by the version before, this long after a change
const EARTH = 6_371_008.8; // metres
const CLOSE = 1e-12; // two mathematical libraries may differ by this much

const encoder = new TextEncoder();

/** Return the bytes of a text in hexadecimal digits. */
export function bytes(hex) {
  if (typeof hex !== "string" || hex.length % 2 || /[^0-9a-f]/.test(hex)) throw new TypeError(`${JSON.stringify(hex)} is not in hexadecimal digits`);
  return Uint8Array.from({ length: hex.length / 2 }, (_, number) => parseInt(hex.slice(2 * number, 2 * number + 2), 16));
}

/** Return bytes in hexadecimal digits. */
export function hex(found) {
  return Array.from(new Uint8Array(found), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the SHA-256 of bytes. */
export async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** Return bytes joined. */
export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

/** Return a time in RFC 3339 as microseconds. */
export function instant(text) {
  const [, whole, fraction = "", offset] = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  return Date.parse(whole + offset) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** Computes the random numbers of a seed. */
export class Draws {
  /** @param {Uint8Array} seed of 32 bytes */
  constructor(seed) {
    this.key = crypto.subtle.importKey("raw", seed, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  }

  /** Return the 53 random bits of a click. */
  async bits(click, player) {
    const message = joined(bytes(click.replaceAll("-", "")), encoder.encode(player));
    const digest = new DataView(await crypto.subtle.sign("HMAC", await this.key, message));
    return digest.getBigUint64(0) >> 11n;
  }

  /** Return the random number of a click, in [0, 1). */
  async uniform(click, player) {
    return Number(await this.bits(click, player)) / 2 ** 53;
  }
}

/** Return the distance of two positions: metres on the sphere, or map units. */
export function distance(map, ax, ay, bx, by) {
  if (!("west" in map) || (map.unit ?? "degrees") !== "degrees") return Math.sqrt((ax - bx) ** 2 + (ay - by) ** 2);
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const chord = (angle) => (Math.abs(angle) < 1e-12 ? 0 : Math.sin(radians(angle) / 2));
  const up = chord(by - ay);
  const along = chord(bx - ax);
  const shrunk = Math.sin(radians(90 - Math.abs(ay))) * Math.sin(radians(90 - Math.abs(by)));
  return 2 * EARTH * Math.asin(Math.sqrt(Math.min(up * up + shrunk * along * along, 1)));
}

/** Return the probability of a prize for a click at a position. */
export function chance(map, odds, x, y) {
  if (typeof odds === "number") return odds;
  const away = distance(map, x, y, ...odds.at);
  if ("within" in odds) return away <= odds.within ? (odds.odds ?? 1) : 0;
  return odds.peak * Math.exp((-away * away) / (2 * odds.radius * odds.radius));
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
  static async of(definition, draws, since = -Infinity) {
    const version = new Version();
    const time = (text) => (text === undefined || text === null ? null : instant(text));
    Object.assign(version, {
      definition,
      since,
      map: definition.map,
      opens: time(definition.opens_at),
      closes: time(definition.closes_at),
      timezone: definition.timezone ?? "UTC",
      cooldown: Math.round((definition.cooldown ?? 0) * SECOND),
      speed: definition.max_speed ?? null,
      attempts: definition.attempts ?? null,
      wins: definition.max_wins ?? null,
      prizes: new Map(),
    });
    for (const given of definition.prizes) {
      const prize = { win: "draw", unclaimed: "carry", overflow: null, ...given, from: time(given.from), until: time(given.until), steps: [] };
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
  draw(x, y, number) {
    let edge = 0;
    for (const [key, prize] of this.prizes) {
      if (prize.win === "first") continue;
      edge += chance(this.map, prize.odds, x, y);
      if (number < edge) return key;
    }
    return null;
  }

  /** Return what a number draws, and what it would if it were an error of rounding away. */
  draws(x, y, number) {
    return new Set([number, number - CLOSE, number + CLOSE].map((each) => this.draw(x, y, each)));
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

/** The rule that decides which click gets what, replayed over the rows of a log. */
export class Settlement {
  #versions;
  #version = null;
  #prizes = new Map(); // of all versions: the newest form of each
  #had = new Map();
  #players = new Map(); // of each: times of the clicks that count, and of the wins
  #last = new Map();

  /** @param {Version[]} versions oldest first */
  constructor(versions) {
    this.#versions = versions;
    this.granted = new Map();
    this.lost = new Map();
  }

  #enter(at) {
    const index = upTo(this.#versions.map(({ since }) => since), at) - 1;
    const version = this.#versions[Math.max(index, 0)];
    if (version === this.#version) return;
    if (this.#version === null || !(version.cooldown || version.speed)) this.#last.clear();
    this.#version = version;
    for (const [key, prize] of version.prizes) this.#prizes.set(key, prize);
  }

  /** Return how many grants the plan allows at a time, and at the step before. */
  #allowed(prize, at) {
    const number = upTo(prize.steps.map(([each]) => each), at);
    const before = number > 1 ? prize.steps[number - 2][1] : 0;
    if ((prize.from !== null && at < prize.from) || (prize.until !== null && at >= prize.until)) return [0, before];
    if (!prize.release) return [Infinity, before];
    if (prize.steps.length) return [number ? prize.steps[number - 1][1] : 0, before];
    const share = (at - prize.starts) / (prize.ends - prize.starts);
    return [share < 0 ? 0 : Math.floor(prize.stock * share) + 1, before];
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

  #of(player) {
    if (!this.#players.has(player)) this.#players.set(player, { clicks: [], wins: [] });
    return this.#players.get(player);
  }

  /** Return whether no limit of the player forbids a grant. */
  #may(key, row) {
    const limit = this.#prizes.get(key).per_player ?? null;
    if (limit !== null && count(this.#had, `${row.player} ${key}`) >= limit) return false;
    const { wins, timezone } = this.#version;
    if (wins === null) return true;
    const won = this.#of(row.player).wins;
    return won.length - upTo(won, began(wins.per, timezone, row.at) - 1) < wins.count;
  }

  /** Return why a click that is in the log should not have counted, or null. */
  #refusal(row) {
    const { opens, closes, cooldown, attempts, speed, timezone, map } = this.#version;
    if (opens !== null && row.at < opens) return "is before the hunt opened";
    if (closes !== null && row.at >= closes) return "is after the hunt closed";
    const last = this.#last.get(row.player);
    if (last && last.at + cooldown > row.at) return "is within the player's cooldown";
    if (attempts !== null) {
      const { clicks } = this.#of(row.player);
      const since = began(attempts.per, timezone, row.at);
      if (clicks.length - upTo(clicks, since - 1) >= attempts.count) return "exceeds the player's attempts";
    }
    if (speed !== null && last?.place && row.x !== null) {
      const metres = distance(map, ...last.place, row.x, row.y);
      if (metres > ((speed * Math.max(row.at - last.at, 0)) / SECOND) * (1 + CLOSE)) return "is too far from the player's last click";
    }
    return null;
  }

  /** Return the prize, and the prize that was sold out, of a click that drew a prize. */
  #expected(row, drawn) {
    for (const key of this.#version.firsts) {
      const inside = chance(this.#version.map, this.#prizes.get(key).odds, row.x, row.y) > 0;
      if (inside && this.#left(key, row.at) > 0 && this.#may(key, row)) return [key, null];
    }
    for (let key = drawn; key !== null; key = this.#prizes.get(key).overflow) {
      if (this.#left(key, row.at) > 0) return [this.#may(key, row) ? key : null, null];
      if (!this.#soldOut(key)) return [null, null];
    }
    return [null, drawn];
  }

  /** Return what is wrong with a row, as `{kind, text}`, or null; then count it as the log has it. */
  judge(row) {
    this.#enter(row.at);
    for (const [key, prize] of this.#version.prizes) {
      if (prize.unclaimed !== "void") continue;
      const missed = this.#allowed(prize, row.at)[1] - count(this.granted, key);
      this.lost.set(key, Math.max(count(this.lost, key), missed));
    }
    const wrong = this.#wrong(row);
    this.#count(row);
    return wrong;
  }

  #wrong(row) {
    if (row.x === null) {
      // An erased player: the draw cannot be computed.
      if (row.prize === null) return null;
      if (!this.#prizes.has(row.prize)) return { kind: "prize", text: `prize ${row.prize} is in no version` };
      return this.#left(row.prize, row.at) > 0 ? null : { kind: "stock", text: `prize ${row.prize} was not available` };
    }
    const refusal = this.#refusal(row);
    if (refusal !== null) return { kind: "refused", text: `the click ${refusal}` };
    const outcomes = [];
    for (const version of this.#inForce(row.at)) {
      for (const drawn of version.draws(row.x, row.y, row.uniform)) {
        if (drawn !== null && !this.#prizes.has(drawn)) continue;
        const [prize, soldOut] = this.#expected(row, drawn);
        const of = prize === drawn ? version : this.#version;
        const points = prize === null ? 0 : (of.prizes.get(prize) ?? this.#prizes.get(prize)).points;
        outcomes.push({ prize, soldOut, points });
      }
    }
    const same = ({ prize, soldOut }) => prize === row.prize && soldOut === row.sold_out;
    if (outcomes.some((each) => same(each) && each.points === row.points)) return null;
    const [first] = outcomes;
    if (same(first)) return { kind: "points", text: `${row.points} points instead of ${first.points}` };
    return { kind: "prize", text: `${shown(row.prize, row.sold_out)} instead of ${shown(first.prize, first.soldOut)}` };
  }

  /** Return the versions by which a click may have been drawn, the present one first. */
  #inForce(at) {
    const found = this.#versions.filter((each, number) => {
      const end = this.#versions[number + 1]?.since ?? Infinity;
      return each.since <= at + OVERLAP && at <= end + OVERLAP;
    });
    if (!found.length) return this.#versions.slice(0, 1);
    return found.sort((a, b) => (a !== this.#version) - (b !== this.#version));
  }

  #count(row) {
    const { clicks, wins } = this.#of(row.player);
    clicks.push(row.at);
    const { cooldown, speed } = this.#version;
    if (cooldown || speed) this.#last.set(row.player, { at: row.at, place: speed && row.x !== null ? [row.x, row.y] : null });
    if (row.prize === null) return;
    wins.push(row.at);
    add(this.granted, row.prize, 1);
    add(this.#had, `${row.player} ${row.prize}`, 1);
  }

  /** Return the unit of a reward that was voided at a time. */
  takeBack(row, at) {
    const prize = this.#prizes.get(row.prize);
    if (prize.codes) return;
    add(this.granted, row.prize, -1);
    if (prize.unclaimed === "void" && prize.steps.some(([each]) => row.at < each && each <= at)) add(this.lost, row.prize, 1);
  }
}

function shown(prize, soldOut) {
  if (prize !== null) return `prize ${prize}`;
  return soldOut === null ? "no prize" : `no prize (${soldOut} sold out)`;
}

/** Return every test vector that this module does not reproduce. */
export async function checkVectors(vectors) {
  const seed = bytes(vectors.seed);
  const draws = new Draws(seed);
  const wrong = [];
  const equal = (name, found, expected) => {
    if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push(`${name}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  };
  equal("commitment", hex(await sha256(seed)), vectors.commitment);
  for (const each of vectors.uniform) equal("uniform", await draws.uniform(each.id, each.player), each.uniform);
  for (const { map, odds, x, y, ...each } of vectors.chances) equal("chance", Number(chance(map, odds, x, y).toFixed(12)), each.chance);
  for (const { per, timezone, at, ...each } of vectors.periods) {
    equal("period", began(per, timezone, instant(at)), each.began === null ? -Infinity : instant(each.began));
  }
  for (const { prize, from, until, count: number, times } of vectors.moments) {
    equal("moments", await moments(draws, prize, instant(from), instant(until), number), times.map(instant));
  }
  for (const { name, definition, rows } of vectors.games) {
    const version = await Version.of(definition, draws);
    const settlement = new Settlement([version]);
    for (const each of rows) {
      const row = { ...each, at: instant(each.at), uniform: await draws.uniform(each.id, each.player) };
      equal(`draw of ${name}`, version.draw(row.x, row.y, row.uniform), row.drawn);
      equal(`row ${row.seq} of ${name}`, settlement.judge(row), null);
    }
  }
  return wrong;
}
