"""The stored leaderboard: points and wins of each player, added up from the log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hunt.core.definition import Prize
from hunt.core.leaderboard import LeaderboardEntry as Entry
from hunt.store import leaderboard
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from tests.store.open_log import PLAIN, click, opened

FREE = replace(PLAIN, prizes=(Prize("coin", "Coin", 5, 0.5, None, None),))


async def test_points_are_of_one_hunt_and_count_each_row_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaderboard, "STEP", 2)
    async with opened(database, FREE) as (log, pool):
        hunts, board = Hunts(pool), StoredLeaderboard(pool)
        await hunts.apply(replace(FREE, id="river"), seed=b"s" * 32, actor="test")
        await hunts.open("river")
        await log.append("river", [click("ada", "coin"), click("cy", "coin")])
        won = [click("ada", "coin"), click("bob", "coin"), click("ada"), click("ada", "coin")]
        await log.append("harbour", won)
        assert await board.add_up("harbour") == (2, 2)
        assert await board.leaders("harbour", 9) == [
            Entry("ada", 5, 1),
            Entry("bob", 5, 1),
        ]
        assert await board.add_up("harbour") == (4, 0)
        assert await board.leaders("harbour", 9) == [
            Entry("ada", 10, 2),
            Entry("bob", 5, 1),
        ]
        assert await board.leaders("river", 9) == []
        assert await board.add_up("river") == (2, 0)
        assert await board.leaders("river", 9) == [
            Entry("ada", 5, 1),
            Entry("cy", 5, 1),
        ]
        assert await board.leaders("harbour", 1) == [Entry("ada", 10, 2)]


async def test_player_who_reached_the_points_first_is_ahead(database: str) -> None:
    async with opened(database, FREE) as (log, pool):
        board = StoredLeaderboard(pool)
        await log.append("harbour", [click("ada", "coin"), click("bob", "coin")])
        await log.append("harbour", [click("bob", "coin"), click("ada", "coin")])
        await board.add_up("harbour")
        assert [each.player for each in await board.leaders("harbour", 9)] == ["bob", "ada"]
