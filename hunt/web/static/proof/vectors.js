// Checks the verifier with test vectors; for continuous integration.

import { bytes, hex, instant, sha256 } from "./bytes.js";
import { began, chance, Draws, moments, Settlement, Version } from "./draw.js";

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
    const settlement = new Settlement();
    settlement.enter(version);
    for (const each of rows) {
      const row = { ...each, at: instant(each.at), uniform: await draws.uniform(each.id, each.player) };
      equal(`draw of ${name}`, version.draw(row.x, row.y, row.uniform), row.drawn);
      equal(`row ${row.seq} of ${name}`, settlement.judge(row), null);
    }
  }
  return wrong;
}
