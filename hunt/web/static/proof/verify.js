// Verifies the bundle of a finished hunt, in steps; see docs/reference/proof.md. Shares no code with the server.
// Runs in browsers and in Node.js 20: it needs WebCrypto, and no network.

import { bytes, canonical, hex, hmac, instant, joined, sha256, utf8 } from "./bytes.js";
import { counted } from "./counted.js";
import { Draws, Settlement, Version } from "./draw.js";

/** The steps, in their order. */
export const STEPS = ["file", "seals", "chain", "codes", "draws", "receipts"];

const AT_ONCE = 2_000; // rows whose hashes are computed together

/** The file is not a bundle. */
export class Malformed extends Error {}

/** Return the lines of a bundle, gzip or not, as objects. */
export async function linesOf(data) {
  const all = new Uint8Array(data);
  const packed = all[0] === 0x1f && all[1] === 0x8b;
  let text;
  try {
    const stream = new Blob([all]).stream();
    text = await new Response(packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream).text();
  } catch {
    throw new Malformed("the file is damaged: it cannot be unpacked");
  }
  return text.split("\n").filter(Boolean).map((line, number) => {
    try {
      return JSON.parse(line);
    } catch {
      throw new Malformed(`line ${number + 1} is not JSON`);
    }
  });
}

/**
 * Verify a bundle.
 *
 * @param {object[]} lines of the bundle
 * @param {object} options
 * @param {object[]} [options.answers] answers to clicks, with their receipts
 * @param {string} [options.seal] hash of the first seal as published before the hunt
 * @param {(done: number) => void} [options.progress] called with the number of checked rows
 * @returns {Promise<object>} `failures` by step, `rows`, `seals`, `stamped` heads, `definition`, `settlement`
 * @throws {Malformed} it is not a bundle
 */
export async function verify(lines, { answers = [], seal = null, progress = () => {} } = {}) {
  const verifier = new Verifier(lines[0] ?? {}, answers, seal, progress);
  await verifier.begin();
  try {
    for (const line of lines.slice(1)) await verifier.line(line);
    await verifier.finish();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
      throw new Malformed(`a line has not the form of a bundle: ${error.message}`);
    }
    throw error;
  }
  return verifier.found;
}

class Verifier {
  #start;
  #answers;
  #published;
  #progress;
  #head = new Uint8Array(32);
  #sealedCodes = [];
  #leaves = new Map();
  #ids = new Map();
  #won = new Map(); // rewards, by seq
  #wanted;
  #heads;
  #sealedShare = null;
  #entered = false; // the second share
  #ended = false;
  #draws;
  #definition = null;

  constructor(start, answers, published, progress) {
    if (start.kind !== "bundle" || start.format !== 1 || start.algorithm !== 2) {
      throw new Malformed("the first line is not that of a bundle of format 1 and algorithm 2");
    }
    this.#start = start;
    this.#answers = answers;
    this.#published = published;
    this.#progress = progress;
    this.#wanted = new Map(answers.map((answer) => [answer.seq, answer]));
    this.#heads = new Map(answers.map(({ receipt }) => [receipt.upto, new Set()]));
    this.found = { failures: {}, rows: 0, seals: [], stamped: 0, log: [], definition: null, seed: null, settlement: new Settlement() };
  }

  async begin() {
    this.seed = bytes(this.#start.seed);
    this.share = this.#start.share === null ? null : bytes(this.#start.share);
    this.found.seed = this.share ? await hmac(this.share, joined(utf8("hunt seed 1\n"), this.seed)) : this.seed;
    this.#draws = new Draws(this.found.seed);
  }

  /** Note a failure, unless the step has one already. */
  #fail(step, text) {
    this.found.failures[step] ??= text;
  }

  async line(line) {
    if (line.kind === "entry") await this.#entry(line);
    else if (line.kind === "batch") await this.#batch(line);
    else if (line.kind === "head") this.#publishedHead(line);
    else if (line.kind === "codes") this.#codes(line);
    else this.#fail("file", `a line has the unknown kind ${JSON.stringify(line.kind)}`);
  }

  async #extend(...parts) {
    this.#head = await sha256(joined(...parts));
    this.#heads.get(this.found.rows)?.add(hex(this.#head));
  }

  async #entry({ document, definition }) {
    if (this.#ended) this.#fail("chain", "there is an entry after the end");
    if (document.seq !== this.found.rows) {
      this.#fail("chain", `an entry ${document.kind} for seq ${document.seq} follows row ${this.found.rows}`);
    }
    await this.#extend(utf8("hunt entry 1\n"), this.#head, utf8(canonical(document)));
    if (document.kind === "seal") await this.#seal(document, definition);
    else if (document.kind === "share") {
      this.#entered = true;
      await this.#checkShare();
    } else if (document.kind === "void") this.#void(document);
    else if (document.kind === "end") this.#ended = true;
  }

  async #seal(document, definition) {
    const { seals } = this.found;
    const name = `seal ${document.number}`;
    const before = seals.at(-1)?.hash ?? null;
    seals.push({ hash: hex(await sha256(utf8(canonical(document)))), document });
    if (document.number !== seals.length || document.previous !== before) this.#fail("seals", `${name} does not follow the seal before it`);
    if (hex(await sha256(this.seed)) !== document.seed) this.#fail("seals", `${name}: the seed is not the sealed one`);
    const salt = await hmac(this.seed, utf8(`hunt salt 1\n${document.number}`));
    const commitment = await sha256(joined(utf8("hunt definition 1\n"), salt, utf8(canonical(definition))));
    if (hex(commitment) !== document.definition) {
      this.#fail("seals", `${name}: the definition (places, odds, order, rules) is not the sealed one`);
    }
    const codes = document.codes ?? {};
    for (const wrong of publicProblems(document.public, definition, codes)) this.#fail("seals", `${name}: ${wrong}`);
    this.#sealedShare = document.share ?? null;
    if (this.#entered || this.found.rows) await this.#checkShare(); // a draft may still name another share
    this.#sealedCodes.push([document.number, codes]);
    const counts = Object.fromEntries(Object.entries(codes).map(([prize, { count }]) => [prize, count]));
    this.found.settlement.enter(await Version.of(definition, this.#draws, instant(document.at), counts));
    this.#definition = this.found.definition = definition;
  }

  async #checkShare() {
    const share = this.share && hex(await sha256(this.share));
    if (share !== this.#sealedShare) this.#fail("seals", `the second share is not that of seal ${this.found.seals.length}`);
    else if (share !== null && !this.#entered) this.#fail("seals", "the hunt was played before its second share was entered");
  }

  #void({ rewards, at }) {
    for (const seq of rewards) {
      const row = this.#won.get(seq);
      if (row === undefined) this.#fail("draws", `seq ${seq} was declared void, but is no reward that stands`);
      else this.found.settlement.takeBack(row, instant(at));
      if (row) row.void = instant(at);
      this.#won.delete(seq);
    }
  }

  async #batch({ first, at, rows }) {
    const { found } = this;
    if (this.#ended) this.#fail("chain", `row ${first} is after the end`);
    if (first !== found.rows + 1) this.#fail("chain", `row ${first} follows row ${found.rows}`);
    if (!found.rows) await this.#checkShare();
    const lists = [rows.map(({ prize }) => prize ?? ""), rows.map(({ points }) => points ?? 0), rows.map((row) => row.sold_out ?? "")];
    const text = [at, ...lists.map((list) => list.join(",")), ""].join("\n");
    const position = new DataView(new ArrayBuffer(8));
    position.setBigInt64(0, BigInt(first));
    const time = instant(at);
    const leaves = [];
    for (let start = 0; start < rows.length; start += AT_ONCE) {
      const part = rows.slice(start, start + AT_ONCE);
      leaves.push(...(await Promise.all(part.map(leaf))));
      const numbers = await Promise.all(part.map(({ id, player }) => (id ? this.#draws.uniform(id, player) : null)));
      part.forEach((row, number) => this.#row(first + start + number, row, time, at, numbers[number]));
    }
    found.rows = first + rows.length - 1;
    await this.#extend(utf8("hunt batch 1\n"), this.#head, new Uint8Array(position.buffer), utf8(text), ...leaves);
    this.#progress(found.rows);
  }

  #row(seq, given, at, text, uniform) {
    const { id = null, player = null, x = null, y = null, prize = null, points = 0, sold_out = null } = given;
    const row = { seq, id, player, x, y, prize, points, sold_out, at, uniform };
    this.found.log.push(row);
    if (id !== null && this.#ids.has(id)) this.#fail("draws", `rows ${this.#ids.get(id)} and ${seq} are of the same click`);
    else if (id !== null) this.#ids.set(id, seq);
    if (this.#definition) {
      const wrong = this.found.settlement.judge(row);
      if (wrong !== null) this.#fail("draws", `row ${seq}: ${wrong}`);
    }
    if (prize !== null) this.#won.set(seq, row);
    const answer = this.#wanted.get(seq);
    if (answer) this.#receipt(row, answer, text);
  }

  #receipt(row, answer, at) {
    this.#wanted.delete(row.seq);
    const expected = { prize: row.prize, points: row.points, at, ...(row.id === null ? {} : { id: row.id, x: row.x, y: row.y }) };
    for (const [name, value] of Object.entries(expected)) {
      if (name in answer && answer[name] !== value) {
        this.#fail("receipts", `row ${row.seq} has ${name} ${JSON.stringify(value)}; the answer to the click had ${JSON.stringify(answer[name])}`);
      }
    }
  }

  #publishedHead({ seq, head, at, timestamp }) {
    if (timestamp) this.found.stamped++; // the signature is not checked here
    if (seq !== this.found.rows || head !== hex(this.#head)) this.#fail("chain", `the head published for seq ${seq} at ${at} is not that of the rows`);
  }

  #codes({ prize, first, leaves }) {
    const known = this.#leaves.get(prize) ?? [];
    if (first !== known.length + 1) this.#fail("codes", `codes of ${prize}: number ${first} follows ${known.length}`);
    this.#leaves.set(prize, [...known, ...leaves.map(bytes)]);
  }

  async finish() {
    const { rows, seals } = this.found;
    if (!this.#ended) this.#fail("file", "the chain has no end: the file is not complete");
    if (rows !== this.#start.rows) this.#fail("file", `${counted(rows, "row")} instead of ${this.#start.rows}`);
    if (hex(this.#head) !== this.#start.head) this.#fail("chain", "the last head is not that of the rows");
    if (this.#published && seals[0]?.hash !== this.#published) this.#fail("seals", "the first seal is not the published one");
    for (const [seal, codes] of this.#sealedCodes) await this.#pool(seal, codes);
    for (const [prize, { count }] of Object.entries(this.#sealedCodes.at(-1)?.[1] ?? {})) {
      const granted = this.found.settlement.granted.get(prize) ?? 0;
      if (granted > count) this.#fail("codes", `${prize} was granted ${counted(granted, "time")}, with ${counted(count, "code")}`);
    }
    for (const seq of this.#wanted.keys()) this.#fail("receipts", `there is no row ${seq}`);
    for (const { seq, receipt } of this.#answers) {
      if (this.#heads.get(receipt.upto).has(receipt.head)) continue;
      this.#fail("receipts", `the receipt for row ${seq} has another head for seq ${receipt.upto}: a row up to it was altered, removed, inserted or reordered`);
    }
  }

  async #pool(seal, codes) {
    for (const [prize, { count, root: sealed }] of Object.entries(codes)) {
      const leaves = (this.#leaves.get(prize) ?? []).slice(0, count);
      if (leaves.length !== count || hex(await root(leaves)) !== sealed) this.#fail("codes", `the codes of ${prize} are not those of seal ${seal}`);
    }
  }
}

/** Return the leaf of a row of a batch. */
async function leaf(row) {
  if ("leaf" in row) return bytes(row.leaf);
  const place = new DataView(new ArrayBuffer(16));
  place.setFloat64(0, row.x);
  place.setFloat64(8, row.y);
  const click = bytes(row.id.replaceAll("-", "") + row.player);
  return sha256(joined(utf8("hunt click 1\n"), click, new Uint8Array(place.buffer)));
}

/** Return the root of a Merkle tree of the shape of RFC 6962. */
async function root(leaves) {
  if (leaves.length < 2) return leaves[0] ?? new Uint8Array(32);
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  return sha256(joined(utf8("hunt node 1\n"), await root(leaves.slice(0, left)), await root(leaves.slice(left))));
}

/** Return what the public part of a seal says otherwise than the definition. */
function publicProblems(shown, definition, codes) {
  const wrong = [];
  const time = (text) => (text ? instant(text) : null);
  if (shown.title !== definition.title) wrong.push("the public title is not that of the definition");
  for (const name of ["opens_at", "closes_at"]) {
    if (time(shown[name]) !== time(definition[name])) wrong.push(`the public ${name} is not that of the definition`);
  }
  const ids = (prizes) => prizes.map(({ id }) => id).join();
  if (ids(shown.prizes) !== ids(definition.prizes)) {
    return [...wrong, "the public prizes are others, or in another order, than those of the definition"];
  }
  definition.prizes.forEach((prize, number) => {
    const { id, title, points, odds, per_player } = prize;
    const highest = typeof odds === "object" ? (odds.peak ?? odds.odds ?? 1) : odds;
    const expected = { title, points, stock: codes[id]?.count ?? prize.stock, per_player };
    for (const [name, value] of Object.entries(expected)) {
      if (shown.prizes[number][name] !== value) wrong.push(`prize ${id}: the public ${name} is not that of the definition`);
    }
    if (Number(shown.prizes[number].odds) !== Number(highest)) wrong.push(`prize ${id}: the public odds are not the highest of the definition`);
  });
  return wrong;
}
