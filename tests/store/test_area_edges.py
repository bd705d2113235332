"""At the edge of an area every verifier accepts what the database decides."""

from __future__ import annotations

import math
import uuid
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunt.core.bundle import Row
from hunt.core.definition import Area, Definition, Prize, Step
from hunt.core.hunt_file import to_json
from hunt.core.maps import Map, Position
from hunt.core.odds import chance
from hunt.core.replay import ROUNDING, Replay
from hunt.errors import ProofError
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


def replayed(definition: Definition, place: Position, prize: str | None) -> None:
    """Replay one click; raise `ProofError` if it cannot have got that prize."""
    replay = Replay(bytes(32))
    replay.change(definition, {}, "2026-11-01T17:00:00.000000Z")
    row = Row(str(uuid.UUID(int=1)), "ada", *place, prize=prize, points=5 if prize else 0)
    replay.row(1, row, Replay.time("2026-11-01T18:00:00.000000Z"))


def test_replay_accepts_both_draws_at_an_edge() -> None:
    on, at, place = MAPS["degrees"], (13.4, 52.5), (13.5, 52.6)
    sure = Prize("find", "Find", 5, Area(1.0, at, on.distance(at, place)), None, None)
    first = hunt(on, (0.0, 0.0), 1.0).prizes[0]
    both = replace(PLAIN, map=on, prizes=(first, sure))
    for prize in ("find", None):
        replayed(both, place, prize)
    with pytest.raises(ProofError, match="the log has nothing"):
        replayed(both, at, None)


@pytest.mark.parametrize("name", sorted(MAPS))
def test_replay_accepts_both_sides_of_an_edge_and_nothing_else(name: str) -> None:
    on, at, place = MAPS[name], (13.4, 52.5), (13.5, 52.6)
    edge = hunt(on, at, on.distance(at, place))
    for prize in ("flash", None):
        replayed(edge, place, prize)
    with pytest.raises(ProofError, match="the log has nothing"):
        replayed(edge, at, None)
    with pytest.raises(ProofError, match="the log has flash"):
        replayed(edge, (13.50001, 52.6), "flash")


def test_replay_accepts_a_speed_limit_but_for_rounding() -> None:
    on, at, place = MAPS["degrees"], (13.4, 52.5), (13.5, 52.6)
    metres = on.distance(at, place)
    times = [Replay.time(f"2026-11-01T18:00:0{second}.000000Z") for second in (0, 1)]

    def walk(speed: float) -> None:
        replay = Replay(bytes(32))
        replay.change(
            replace(PLAIN, map=on, max_speed=speed, prizes=()), {}, "2026-11-01T17:00:00.000000Z"
        )
        for number, (where, time) in enumerate(zip((at, place), times, strict=True), 1):
            replay.row(number, Row(str(uuid.UUID(int=number)), "ada", *where), time)

    walk(near(metres, -3))
    with pytest.raises(ProofError, match="counts against a limit"):
        walk(metres * (1 - 1e-9))
