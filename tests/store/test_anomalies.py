"""Anomalies in a log: cheats are found, and honest players are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hunt.core.anomalies import Anomaly
from hunt.core.crowds import Shares
from hunt.core.definition import Definition, Peak, Prize
from hunt.core.maps import Map
from hunt.store.anomalies import CLICKS, Found, StoredAnomalies
from hunt.store.driver.pool import Pool
from tests.store.open_log import PLAIN, opened
from tests.support.honest_players import METRE, Players, Row, record

SECRET = (30.0, 70.0)
GAME = replace(
    PLAIN,
    prizes=(
        Prize("coin", "Coin", 1, 0.02, None, None),
        Prize("chest", "Chest", 9, Peak(0.4, SECRET, 4.0), None, None),
    ),
)
CITY = replace(GAME, map=Map(13.3, 52.4, 13.5, 52.6, "degrees"), prizes=GAME.prizes[:1])
UNIFORM: Shares = {"uniform": 1.0}
HINTS: Shares = {"uniform": 0.7, "hints": 0.3}


async def found_in(pool: Pool, rows: list[Row], clicks: int = CLICKS) -> Found:
    await record(pool, "harbour", rows)
    found = await StoredAnomalies(pool).read("harbour", clicks)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("definition", "shares"),
    [
        pytest.param(GAME, UNIFORM, id="anywhere"),
        pytest.param(replace(GAME, cooldown=5.0), UNIFORM, id="cooldown"),
        pytest.param(replace(GAME, prizes=GAME.prizes[:1]), HINTS, id="one chance everywhere"),
    ],
)
async def test_honest_players_are_not_listed(
    database: str, definition: Definition, shares: Shares, seed: int
) -> None:
    async with opened(database, definition) as (_, pool):
        rows = list(Players(definition, seed, shares).honest(200, 100))
        found = await found_in(pool, rows, 50_000)
        assert found.window.clicks == len(rows) > 15_000
        assert found.window.players == 200
        assert found.players == []


async def test_honest_walkers_are_not_listed(database: str) -> None:
    async with opened(database, CITY) as (_, pool):
        found = await found_in(pool, list(Players(CITY, 1, UNIFORM).walkers(100, 150)))
        assert (found.window.players, found.players) == (100, [])


async def cheat(database: str, rows: list[Row], definition: Definition = GAME) -> Anomaly:
    """Return the only anomaly in a log of these clicks and those of honest players."""
    async with opened(database, definition) as (_, pool):
        honest = Players(definition, 5, UNIFORM)
        crowd = honest.walkers if definition.map.is_degrees else honest.honest
        found = await found_in(pool, [*rows, *crowd(100, 100)])
        [anomaly] = found.players
        return anomaly


async def test_fast_clicks_are_found(database: str) -> None:
    rows, at, players = [], 100.0, Players(GAME, 3, UNIFORM)
    for _ in range(300):
        at += players.random.uniform(0.02, 0.22)
        rows.append(players.click("bot", at, (1.0, 1.0)))
    found = await cheat(database, rows)
    assert (found.player, found.reasons, found.clicks) == ("bot", ["rate"], 300)
    assert found.rate == pytest.approx(1 / 0.12, rel=0.1)


@pytest.mark.parametrize("cooldown", [0.0, 5.0])
async def test_regular_clicks_are_found(database: str, cooldown: float) -> None:
    definition = replace(GAME, cooldown=cooldown)
    players = Players(definition, 3, UNIFORM)
    rows = list(players.regular("bot", (1.0, 1.0), gap=cooldown + 2, count=150))
    rows += [players.click("bot", 9_000 + each.at, (1.0, 1.0)) for each in rows[:20]]  # a pause
    found = await cheat(database, rows, definition)
    assert (found.player, found.reasons, found.intervals) == ("bot", ["regular"], 168)
    assert found.interval_mean == pytest.approx(2, rel=0.01)
    assert found.interval_cv is not None
    assert found.interval_cv < 0.02


async def test_wins_of_a_player_who_knows_the_place_are_found(database: str) -> None:
    players = Players(GAME, 3, UNIFORM)
    rows = [players.click("insider", 100 + 40 * number**1.1, SECRET) for number in range(40)]
    found = await cheat(database, rows)
    assert (found.player, found.reasons, found.clicks) == ("insider", ["wins"], 40)
    assert found.expected_wins is not None
    assert found.wins > 4 * found.expected_wins
    assert found.chance is not None
    assert found.chance < 1e-6


async def test_impossible_jumps_are_found(database: str) -> None:
    players = Players(CITY, 3, UNIFORM)
    rows = [
        players.click("teleporter", 100 + 10 * n**1.2, (13.4, 52.5 + n % 2 * 3000 * METRE))
        for n in range(6)
    ]
    found = await cheat(database, rows, CITY)
    assert (found.player, found.reasons) == ("teleporter", ["speed"])
    assert found.jumps == 5
    assert found.speed == pytest.approx(3000 / 10, rel=0.01)


async def test_only_the_newest_clicks_count(database: str) -> None:
    async with opened(database, GAME) as (_, pool):
        players = Players(GAME, 3, UNIFORM)
        rows = list(players.regular("bot", (1.0, 1.0), gap=2, count=150))
        assert [each.player for each in (await found_in(pool, rows)).players] == ["bot"]
        found = await StoredAnomalies(pool).read("harbour", 90)
        assert found is not None
        assert (found.window.clicks, found.players) == (90, [])
        async with pool.connection() as conn:
            await conn.execute("update rewards set player = 'erased-1'")
        assert (await StoredAnomalies(pool).read("harbour")).players == []  # type: ignore[union-attr]
        assert await StoredAnomalies(pool).read("nowhere") is None


async def test_log_without_clicks_has_no_anomalies(database: str) -> None:
    async with opened(database, GAME) as (_, pool):
        found = await StoredAnomalies(pool).read("harbour")
        assert found is not None
        assert (found.window.clicks, found.since, found.players) == (0, None, [])
