"""An even release allows the same number of grants in SQL, Python and JavaScript.

The times are near those at which a unit is released, where a rounded fraction would differ.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.types.range import Range

from hunt.core.definition import Even, Prize
from hunt.core.hunt_file import to_json
from hunt.core.periods import released
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.proof.verifiers import node, python_verifier, run_node
from tests.store.open_log import PLAIN

STARTS = datetime(2026, 11, 1, 18, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
COIN = Prize("coin", "Coin", 5, 0.5, 1, None, starts=STARTS, release=Even())

#: Two clicks of two players that drew the coin.
SETTLE = """
    select denied from hunt_settle(
        %s, %s, null, null, null, true, '{ada,bob}', array[point '(1,1)', point '(1,1)'],
        '{coin,coin}', '{5,5}')
"""
CHANGE = "update prizes set stock = %s, even = %s, granted = %s where hunt = %s"

ALLOWED = """
import { Draws, Settlement, Version } from "{static}/draw.js";
const left = async ({ definition, at }) => {
  const version = await Version.of(definition, new Draws(new Uint8Array(32)));
  let count = 0;
  for (const granted of [given.granted, given.granted + 1]) {
    const settlement = new Settlement();
    settlement.enter(version);
    settlement.granted.set("coin", granted);
    const click = { id: "a", player: "ada", x: 1, y: 1, uniform: 0, at };
    const won = { ...click, prize: "coin", points: 5, sold_out: null };
    count += settlement.judge(won) === null ? 1 : 0;
  }
  return count;
};
console.log(await left(given));
"""


class Case(NamedTuple):
    """A time in the release of a stock."""

    stock: int
    length: timedelta
    at: datetime

    @property
    def prize(self) -> Prize:
        return replace(COIN, stock=self.stock, until=STARTS + self.length)

    @property
    def allowed(self) -> int:
        """The grants that the documented formula allows, computed with fractions."""
        if self.at < STARTS:
            return 0
        share = Fraction((self.at - STARTS) // MICROSECOND, self.length // MICROSECOND)
        return min(1 + int(self.stock * share), self.stock)

    def definition(self) -> dict[str, object]:
        """Return a hunt with the release, as a bundle has it."""
        times = {"opens_at": STARTS, "closes_at": STARTS + self.length}
        return to_json(replace(PLAIN, **times, prizes=(self.prize,)))  # type: ignore[arg-type]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    stock, micros = draw(st.integers(1, 10_000)), draw(st.integers(2, 10**12))
    unit, beside = draw(st.integers(0, stock - 1)), draw(st.integers(-1, 1))
    after = min(-(-unit * micros // stock) + beside, micros - 1)
    return Case(stock, micros * MICROSECOND, STARTS + after * MICROSECOND)


#: 3 · (1/3) is less than 1 with a quotient of 16 digits, and 49 · (1/49) as a double.
THIRD = Case(3, 3 * MICROSECOND, STARTS + MICROSECOND)
PART = Case(49, 49 * MICROSECOND, STARTS + MICROSECOND)


@settings(max_examples=300)
@given(case=cases())
@example(case=THIRD)
@example(case=PART)
def test_python_releases_as_documented(case: Case) -> None:
    allowed, _ = released(replace(PLAIN, prizes=(case.prize,)), case.prize, (), case.at)
    assert min(int(allowed), case.stock) == case.allowed
    verify = python_verifier()
    settlement = verify.Settlement(bytes(32))
    settlement.enter(verify.Version(case.definition(), bytes(32)))
    at = verify.instant(case.at.isoformat())
    assert settlement._left("coin", at) == case.allowed


@settings(max_examples=200)
@given(case=cases())
@example(case=THIRD)
@example(case=PART)
async def test_database_releases_as_documented(shared_database: str, case: Case) -> None:
    async with open_pool(shared_database, size=1) as pool:
        name = "even-release"
        await Hunts(pool).apply(
            replace(PLAIN, id=name, prizes=(replace(COIN, release=None, starts=None),)),
            seed=bytes(32),
            actor="test",
        )
        async with pool.connection() as conn:
            query = "select number from hunts where id = %s"
            row = await (await conn.execute(query, (name,))).fetchone()
            assert row is not None
            assert await _granted(conn, row[0], case) == min(case.allowed, 1)


async def _granted(conn: Connection, number: int, case: Case) -> int:
    """Return how many of two clicks get a coin, after all allowed coins but one were granted."""
    period = Range(STARTS, STARTS + case.length)
    before = max(case.allowed - 1, 0)
    await conn.execute("begin")
    try:
        await conn.execute(CHANGE, (case.stock, period, before, number))
        row = await (await conn.execute(SETTLE, (number, case.at))).fetchone()
    finally:
        await conn.execute("rollback")
    assert row is not None
    return 2 - len(row[0])


@node
@settings(max_examples=10)
@given(case=cases())
@example(case=THIRD)
@example(case=PART)
def test_javascript_releases_as_documented(case: Case) -> None:
    at = python_verifier().instant(case.at.isoformat())
    before = max(case.allowed - 1, 0)
    told = {"definition": case.definition(), "at": at, "granted": before}
    assert run_node(ALLOWED, told) == min(case.allowed, 1)
