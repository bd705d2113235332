"""The speed limit of a player, and distances in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import starmap

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hunt.core.definition import Area, Moments, Prize, Quota
from hunt.core.maps import Map
from hunt.errors import NoAttempts, TooFar, TooFast
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.players import Players
from tests.store.open_log import PLAIN, click, opened, rewards

CITY = Map(13.3, 52.4, 13.5, 52.6, "degrees")
WALK = replace(PLAIN, map=CITY, max_speed=5.0)
X, Y = 13.4, 52.5

#: Degrees of latitude that are 100 metres.
STEP = 100 / 111_195.08

NUMBERS = st.floats(-180, 360), st.floats(-90, 90)
POSITIONS = st.tuples(*NUMBERS)


async def aged(pool: Pool, seconds: float) -> None:
    """Move the last clicks of all players into the past."""
    async with pool.connection() as conn:
        await conn.execute(
            "update player_clicks set at = at - make_interval(secs => %s)", (seconds,)
        )


async def test_click_counts_once_the_player_can_have_come_there(database: str) -> None:
    async with opened(database, WALK) as (log, pool):
        await log.append("harbour", [click(x=X, y=Y)])
        far = click(x=X, y=Y + STEP)
        [refused] = await log.append("harbour", [far])
        assert isinstance(refused, TooFar)
        assert 19 < refused.retry_after <= 20, "100 metres at 5 metres a second"
        await aged(pool, 12)
        [refused] = await log.append("harbour", [far])
        assert isinstance(refused, TooFar)
        assert 7 < refused.retry_after <= 8
        await aged(pool, 8.1)
        [settled] = rewards(await log.append("harbour", [far]))
        assert settled.seq == 2, "refused clicks are not recorded"
        [refused] = await log.append("harbour", [click(x=X, y=Y)])
        assert isinstance(refused, TooFar), "the place of the last click that counted"


async def test_other_players_and_the_same_place_are_not_limited(database: str) -> None:
    async with opened(database, WALK) as (log, _):
        await log.append("harbour", [click(x=X, y=Y)])
        await log.append("harbour", [click(x=X, y=Y), click("bob", x=X, y=Y + STEP)])
        batch = [click(x=X, y=Y), click(x=X, y=Y), click("bob", x=X, y=Y + STEP)]
        assert len(rewards(await log.append("harbour", batch))) == 3


async def test_clicks_of_one_batch_count_at_the_place_of_the_first(database: str) -> None:
    async with opened(database, WALK) as (log, pool):
        there, back = click(x=X, y=Y), click(x=X, y=Y + STEP)
        first, second, third, other = await log.append(
            "harbour", [there, back, click(x=X, y=Y), click("bob", x=X, y=Y + STEP)]
        )
        assert len(rewards([first, third, other])) == 3
        assert isinstance(second, TooFar)
        assert 19 < second.retry_after < 20.001, "by the time of the batch"
        await aged(pool, 30)
        second, first = await log.append("harbour", [back, click(x=X, y=Y)])
        assert len(rewards([second])) == 1, "what was refused may be sent again"
        assert isinstance(first, TooFar)


async def test_repeat_from_anywhere_gets_its_outcome(database: str) -> None:
    async with opened(database, WALK) as (log, pool):
        first = click(x=X, y=Y)
        await log.append("harbour", [first])
        await aged(pool, 60)
        await log.append("harbour", [click(x=X, y=Y + STEP)])
        again, refused = await log.append("harbour", [first, click(x=X, y=Y)])
        assert [each.seq for each in rewards([again])] == [1]
        assert isinstance(refused, TooFar)


async def test_refusal_uses_no_attempt_and_names_the_reason_that_lasts(database: str) -> None:
    limited = replace(WALK, attempts=Quota(2, "hunt"), cooldown=3.0)
    async with opened(database, limited) as (log, pool):
        await log.append("harbour", [click(x=X, y=Y)])
        far = click(x=X, y=Y + STEP)
        [cooling] = await log.append("harbour", [far])
        assert isinstance(cooling, TooFast)
        assert cooling.retry_after > 19, "as long as the speed limit, too"
        await aged(pool, 4)
        [refused] = await log.append("harbour", [far])
        assert isinstance(refused, TooFar)
        assert len(rewards(await log.append("harbour", [click(x=X, y=Y)]))) == 1
        await aged(pool, 4)
        [refused] = await log.append("harbour", [far])
        assert isinstance(refused, NoAttempts)


async def test_limit_set_later_begins_with_the_next_click(database: str) -> None:
    plain = replace(WALK, max_speed=None, cooldown=1.0)
    async with opened(database, plain) as (log, pool):
        await log.append("harbour", [click(x=X, y=Y)])
        await aged(pool, 2)
        await Hunts(pool).apply(replace(WALK, cooldown=1.0), seed=bytes(32), actor="test")
        assert len(rewards(await log.append("harbour", [click(x=X, y=Y + STEP)]))) == 1
        await aged(pool, 2)
        [refused] = await log.append("harbour", [click(x=X, y=Y)])
        assert isinstance(refused, TooFar)
        await Hunts(pool).apply(plain, seed=bytes(32), actor="test")
        assert len(rewards(await log.append("harbour", [click(x=X, y=Y)]))) == 1
        await aged(pool, 2)
        await Hunts(pool).apply(replace(WALK, cooldown=1.0), seed=bytes(32), actor="test")
        settled = await log.append("harbour", [click(x=X, y=Y + 9 * STEP)])
        assert len(rewards(settled)) == 1, "the place before the change is forgotten"


async def test_limit_set_later_begins_with_the_next_batch(database: str) -> None:
    async with opened(database, replace(WALK, max_speed=None, cooldown=1.0)) as (log, pool):
        await log.append("harbour", [click(x=X, y=Y)])
        await Hunts(pool).apply(WALK, seed=bytes(32), actor="test")
        both = [click(x=X, y=Y + STEP), click(x=X, y=Y + STEP)]
        assert len(rewards(await log.append("harbour", both))) == 2


async def test_last_clicks_are_kept_for_each_player_of_a_batch(database: str) -> None:
    async with opened(database, WALK) as (log, pool):
        await log.append("harbour", [click(x=X, y=Y)])
        await aged(pool, 60)
        batch = [click(x=X, y=Y + STEP), click("bob", x=X, y=Y)]  # a known and a new player
        assert len(rewards(await log.append("harbour", batch))) == 2
        async with pool.connection() as conn:
            cursor = await conn.execute(
                "select player, place::text, at > clock_timestamp() - interval '30 s'"
                "  from player_clicks order by player"
            )
            assert await cursor.fetchall() == [
                ("ada", f"({X},{Y + STEP})", True), ("bob", f"({X},{Y})", True),
            ]  # fmt: skip


async def test_speed_on_a_plane_is_in_map_units(database: str) -> None:
    async with opened(database, replace(PLAIN, max_speed=5.0)) as (log, _):
        await log.append("harbour", [click(x=3.0, y=4.0)])
        [refused] = await log.append("harbour", [click(x=3.0, y=24.0)])
        assert isinstance(refused, TooFar)
        assert 3.5 < refused.retry_after <= 4


async def test_erased_player_leaves_no_place(database: str) -> None:
    async with opened(database, WALK) as (log, pool):
        await log.append("harbour", [click(x=X, y=Y), click("bob", x=X, y=Y)])
        await Players(pool).erase("ada", actor="test")
        async with pool.connection() as conn:
            cursor = await conn.execute("select player, place::text from player_clicks")
            assert await cursor.fetchall() == [("bob", f"({X},{Y})")]


async def test_first_click_in_an_area_in_degrees_wins(database: str) -> None:
    now = datetime.now(UTC)
    prize = Prize("gold", "Gold", 9, Area(1.0, (X, Y), 101.0), None, None, first=True,
                  release=Moments(50), starts=now - timedelta(hours=2))  # fmt: skip
    hunt = replace(PLAIN, map=CITY, prizes=(prize,), closes_at=now + timedelta(seconds=60))
    async with opened(database, hunt) as (log, _):
        won = rewards(await log.append("harbour", [
            click(x=X + 2 * STEP, y=Y), click(x=X + STEP, y=Y), click(x=X, y=Y + STEP),
        ]))  # fmt: skip
        assert [each.prize for each in won] == [None, "gold", "gold"], "122, 61 and 100 metres"


@settings(max_examples=150)
@example(pairs=[((0.0, 5e-324), (1e-200, -1e-200)), ((0.0, 90.0), (180.0, -90.0))])
@given(pairs=st.lists(st.tuples(POSITIONS, POSITIONS), min_size=1, max_size=20))
async def test_distance_of_the_database_is_that_of_python(
    shared_database: str, pairs: list[tuple[tuple[float, float], tuple[float, float]]]
) -> None:
    async with open_pool(shared_database, size=1) as pool, pool.connection() as conn:
        for on in (CITY, PLAIN.map):
            numbers = [[pair[a][b] for pair in pairs] for a in (0, 1) for b in (0, 1)]
            cursor = await conn.execute(
                "select hunt_distance(point(a, b), point(c, d), %s)"
                "  from unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[])"
                "       with ordinality as i (a, b, c, d, n) order by n",
                (on.is_degrees, *numbers),
            )
            found = [row[0] for row in await cursor.fetchall()]
            expected = list(starmap(on.distance, pairs))
            assert found == pytest.approx(expected, rel=1e-15 if on.is_degrees else 1e-14, abs=1e-9)
