"""At the edge of an area every verifier accepts what the database decides."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hunt.core.definition import Area, Definition, Prize, Step
from hunt.core.hunt_file import to_json
from hunt.core.maps import Map, Position
from hunt.core.odds import chance
from hunt.core.replay import ROUNDING
from hunt.store.driver.pool import open_pool
from tests.proof.verifiers import python_verifier
from tests.store.open_log import PLAIN
from tests.store.test_even_release import STARTS

MAPS = {
    "degrees": Map(-170.0, -80.0, 170.0, 80.0, "degrees"),
    "plane": Map(-170.0, -80.0, 170.0, 80.0, "plane"),
}
STRETCHES = (1.0, 1 - ROUNDING, 1 + ROUNDING)
PLACES = st.tuples(st.floats(-170, 170), st.floats(-80, 80))

#: Decides as `hunt_settle` does.
INSIDE = "select hunt_distance(%s::point, %s::point, %s) <= %s"


def hunt(on: Map, at: Position, within: float) -> Definition:
    """Return a hunt whose prize goes to the first click in an area."""
    area = Prize(
        "flash", "Flash", 5, Area(1.0, at, within), None, None, first=True,
        release=(Step(STARTS, 9),),
    )  # fmt: skip
    return replace(PLAIN, map=on, prizes=(area,))


def near(length: float, steps: int) -> float:
    """Return a length that is some representable numbers away from another."""
    for _ in range(abs(steps)):
        length = math.nextafter(length, math.inf if steps > 0 else 0.0)
    return length


@settings(max_examples=300)
@given(name=st.sampled_from(sorted(MAPS)), at=PLACES, place=PLACES, steps=st.integers(-3, 3))
async def test_database_and_verifiers_agree_but_for_rounding(
    shared_database: str, name: str, at: Position, place: Position, steps: int
) -> None:
    on = MAPS[name]
    within = near(on.distance(at, place), steps)
    if within < 1e-9:
        return
    async with open_pool(shared_database, size=1) as pool, pool.connection() as conn:
        values = (f"({at[0]!r},{at[1]!r})", f"({place[0]!r},{place[1]!r})", on.is_degrees, within)
        row = await (await conn.execute(INSIDE, values)).fetchone()
    assert row is not None
    definition = hunt(on, at, within)
    prize = definition.prizes[0]
    assert row[0] in {chance(prize, on, *place, each) > 0 for each in STRETCHES}
    verify, given_ = python_verifier(), to_json(definition)
    odds = given_["prizes"][0]["odds"]  # type: ignore[index]
    found = {verify.chance(given_["map"], odds, *place, each) > 0 for each in STRETCHES}
    assert row[0] in found
