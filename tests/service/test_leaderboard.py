from __future__ import annotations

from collections import Counter

import pytest
import trio
from trio.testing import MockClock

from hunt.core.leaderboard import LeaderboardEntry
from hunt.errors import StoreUnavailable
from hunt.service import leaderboard
from hunt.service.leaderboard import BOARD, ENTRY, FRESH, PATIENCE, SIZE, STALE, Leaderboard


class Log:
    """A log that grows, and takes a while to add up."""

    def __init__(self) -> None:
        self.length = 5
        self.upto = 0
        self.asked = 0
        self.takes = 0.5
        self.away = False
        self.hunts: set[str] = set()

    async def add_up(self, hunt: str) -> tuple[int, int]:
        self.asked += 1
        self.hunts.add(hunt)
        await trio.sleep(self.takes)
        if self.away:
            raise StoreUnavailable("away")
        self.upto = min(self.length, self.upto + 10)
        return self.upto, self.length - self.upto

    async def leaders(self, hunt: str, limit: int) -> list[LeaderboardEntry]:
        return [LeaderboardEntry("ada", self.upto, 1)][:limit]


async def test_board_is_renewed_in_the_background(autojump_clock: MockClock) -> None:
    log = Log()
    boards = Leaderboard(log.add_up, log.leaders)

    async def get() -> tuple[int, float]:
        started = trio.current_time()
        board = await boards.get("harbour")
        return board.seq, trio.current_time() - started

    async with trio.open_nursery() as nursery:
        await nursery.start(boards.run)
        async with trio.open_nursery() as many:
            for _ in range(50):
                many.start_soon(get)
        assert log.asked == 1, "one for all"
        log.length = 8
        assert await get() == (5, 0)
        await trio.sleep(FRESH)
        assert await get() == (5, 0), "nobody waits for a board that is only seconds old"
        await trio.sleep(1)
        assert await get() == (8, 0)
        await trio.sleep(STALE)
        assert log.asked == 2, "and where nobody asks, nothing is done"
        log.length = 9
        assert await get() == (9, 0.5)
        # A long log shows after each step, and all of it in the end.
        log.length, log.takes = 100, PATIENCE - 0.5
        await trio.sleep(STALE)
        assert await get() == (19, PATIENCE)
        await trio.sleep(9 * PATIENCE)
        assert (await get())[0] == 100
        # The last board stays while the store cannot add up.
        log.away = True
        await trio.sleep(STALE)
        assert (await get())[0] == 100
        nursery.cancel_scope.cancel()


async def test_request_without_a_board_is_refused(autojump_clock: MockClock) -> None:
    log, faults = Log(), Counter[str]()
    boards = Leaderboard(log.add_up, log.leaders, faults)
    with pytest.raises(StoreUnavailable):
        await boards.get("harbour")
    async with trio.open_nursery() as nursery:
        await nursery.start(boards.run)
        log.away = True
        with pytest.raises(StoreUnavailable):
            await boards.get("harbour")
        nursery.cancel_scope.cancel()
    with pytest.raises(StoreUnavailable):
        await boards.get("river")
    assert faults == {"renew": 1}


async def test_failed_renewal_is_retried_after_a_pause(
    autojump_clock: MockClock,
) -> None:
    log = Log()
    log.takes, log.away = 0.0, True
    boards = Leaderboard(log.add_up, log.leaders)
    async with trio.open_nursery() as nursery:
        await nursery.start(boards.run)
        for asked in (1, 2):
            for _ in range(50):
                with pytest.raises(StoreUnavailable):
                    await boards.get("harbour")
            assert log.asked == asked
            assert boards.faults["renew"] == asked
            await trio.sleep(FRESH)
        log.away = False
        assert (await boards.get("harbour")).seq == 5
        nursery.cancel_scope.cancel()


async def test_board_holds_the_best_up_to_its_size(autojump_clock: MockClock) -> None:
    log = Log()
    asked: list[tuple[str, int]] = []

    async def leaders(hunt: str, limit: int) -> list[LeaderboardEntry]:
        asked.append((hunt, limit))
        return await log.leaders(hunt, limit)

    boards = Leaderboard(log.add_up, leaders)
    async with trio.open_nursery() as nursery:
        await nursery.start(boards.run)
        board = await boards.get("harbour")
        nursery.cancel_scope.cancel()
    assert asked == [("harbour", SIZE)]
    assert log.hunts == {"harbour"}
    assert (board.seq, board.entries) == (5, (LeaderboardEntry("ada", 5, 1),))


async def test_boards_are_evicted_by_size(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leaders(hunt: str, limit: int) -> list[LeaderboardEntry]:
        return [LeaderboardEntry("ada", 5, 1)] * limit

    # Half of the cache holds three boards.
    monkeypatch.setattr(leaderboard, "BOARDS_SIZE", 2 * 3 * (BOARD + SIZE * ENTRY))
    boards = Leaderboard(Log().add_up, leaders)
    async with trio.open_nursery() as nursery:
        await nursery.start(boards.run)
        for number in range(9):
            await boards.get(f"hunt-{number}")
            assert len(boards._boards) == min(number, 3 + number % 3) + 1
        nursery.cancel_scope.cancel()


async def test_board_that_nobody_asks_for_is_evicted(autojump_clock: MockClock) -> None:
    log = Log()
    boards = Leaderboard(log.add_up, log.leaders)
    async with trio.open_nursery() as nursery:
        await nursery.start(boards.run)
        for hunt in ("harbour", "river"):
            await boards.get(hunt)
        for _ in range(3):
            boards.rotate()
            await boards.get("harbour")
        assert len(boards._boards) == 1
        log.away = True
        await trio.sleep(STALE)
        await boards.get("harbour")
        await trio.sleep(FRESH / 2)
        boards.rotate()
        asked = log.asked
        await boards.get("harbour")
        assert log.asked == asked, "a failed renewal is not retried at once"
        await trio.sleep(FRESH)
        boards.rotate()
        assert not boards._failed
        nursery.cancel_scope.cancel()
