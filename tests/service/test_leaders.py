"""The leaderboard, told to the streams that watch all players."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import trio
from trio.testing import MockClock

from hunt.core.leaderboard import LeaderboardEntry, LeaderboardSnapshot
from hunt.errors import StoreTimeout
from hunt.service import leaders
from hunt.service.broadcast import Broadcast
from hunt.service.hub import Hub
from hunt.service.leaderboard import Leaderboard
from hunt.service.leaders import Leaders
from hunt.service.subscriber import Mailbox
from tests.support.hubs import make_hub, subscribed, subscription_of


class World:
    """Hunts with the same players, whose points and logs the test sets."""

    def __init__(self) -> None:
        self.points = {"ada-lovelace": 9}
        self.seqs = {"harbour": 7, "river": 70}
        self.reads: Counter[str] = Counter()
        self.broken: set[str] = set()  #: hunts whose boards cannot be read

    async def add_up(self, hunt: str) -> tuple[int, int]:
        if hunt in self.broken:
            raise StoreTimeout("no answer")
        self.reads[hunt] += 1
        return self.seqs[hunt], 0

    async def leaders(self, hunt: str, most: int) -> list[LeaderboardEntry]:
        return [LeaderboardEntry(player, points, 1) for player, points in self.points.items()]

    def position(self, hunt: str) -> int:
        return self.seqs[hunt]


@asynccontextmanager
async def telling(world: World) -> AsyncIterator[Hub]:
    hub, _ = make_hub()
    broadcast, boards = Broadcast(hub), Leaderboard(world.add_up, world.leaders)
    async with trio.open_nursery() as nursery:
        await nursery.start(boards.run)
        nursery.start_soon(broadcast.run)
        nursery.start_soon(Leaders(hub, boards, broadcast, world.position).run)
        yield hub
        nursery.cancel_scope.cancel()


def heard(mailbox: Mailbox) -> list[list[tuple[str, int]]]:
    try:
        frames = mailbox.gather(after=0, most=10)
    except trio.WouldBlock:
        return []
    boards = [msgspec.json.decode(each.message())["leaders"]["leaders"] for each in frames]
    return [[(each["player"], each["points"]) for each in board] for board in boards]


async def test_board_is_sent_to_watchers_after_it_changed(autojump_clock: MockClock) -> None:
    world = World()
    async with telling(world) as hub:
        with (
            subscribed(hub, subscription_of(None), buffer=9, transport="sse") as watcher,
            subscribed(hub, subscription_of("ada"), buffer=9, transport="sse") as own,
        ):
            await trio.sleep(leaders.INTERVAL + 1)
            assert heard(watcher) == [[("ad…e", 9)]]
            await trio.sleep(3 * leaders.INTERVAL)
            assert heard(watcher) == []
            assert world.reads == {"harbour": 1}, "the log has not grown"
            world.seqs["harbour"], world.points["ada-lovelace"] = 8, 10
            await trio.sleep(leaders.INTERVAL + 1)
            assert heard(watcher) == [[("ad…e", 10)]]
            world.seqs["harbour"] = 9  # a click that wins nothing
            await trio.sleep(2 * leaders.INTERVAL + 1)
            assert heard(watcher) == []
            assert heard(own) == [], "it watches its player only"


def test_event_has_ranks_points_wins_and_names_that_are_known() -> None:
    entries = (
        LeaderboardEntry("ada-lovelace", 9, 2, "Ada"),
        LeaderboardEntry("charles-babbage", 5, 1),
    )
    told = leaders.event(LeaderboardSnapshot(7, entries))
    assert msgspec.json.decode(told.data) == {
        "seq": 7,
        "leaders": [
            {"rank": 1, "player": "ad…e", "name": "Ada", "points": 9, "wins": 2},
            {"rank": 2, "player": "ch…e", "points": 5, "wins": 1},
        ],
    }


async def test_board_is_not_read_without_watchers(autojump_clock: MockClock) -> None:
    world = World()
    async with telling(world) as hub:
        with subscribed(hub, subscription_of("ada"), buffer=9, transport="sse"):
            await trio.sleep(5 * leaders.INTERVAL)
    assert not world.reads


async def test_board_is_sent_once_the_database_answers(autojump_clock: MockClock) -> None:
    world = World()
    world.broken.add("harbour")
    async with telling(world) as hub:
        with subscribed(hub, subscription_of(None), buffer=9, transport="sse") as watcher:
            await trio.sleep(3 * leaders.INTERVAL)
            assert heard(watcher) == []
            world.broken.clear()
            await trio.sleep(2 * leaders.INTERVAL + 1)
            assert heard(watcher) == [[("ad…e", 9)]]


async def test_board_is_sent_to_watchers_that_come_after_others_left(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with telling(world) as hub:
        for _ in range(2):
            with subscribed(hub, subscription_of(None), buffer=9, transport="sse") as watcher:
                await trio.sleep(leaders.INTERVAL + 1)
                assert heard(watcher) == [[("ad…e", 9)]]
            await trio.sleep(leaders.INTERVAL)


async def test_each_hunt_is_looked_at_despite_the_others(autojump_clock: MockClock) -> None:
    world = World()
    world.broken.add("harbour")
    async with telling(world) as hub:
        with (
            subscribed(hub, subscription_of(None, "harbour"), buffer=9, transport="sse") as harbour,
            subscribed(hub, subscription_of(None, "river"), buffer=9, transport="sse") as river,
        ):
            await trio.sleep(leaders.INTERVAL + 2)
            assert (heard(harbour), heard(river)) == ([], [[("ad…e", 9)]])
            world.broken.clear()
            await trio.sleep(leaders.INTERVAL)
            assert (heard(harbour), heard(river)) == ([[("ad…e", 9)]], [])
            for points in (10, 11):
                world.seqs["river"], world.points["ada-lovelace"] = 61 + points, points
                await trio.sleep(leaders.INTERVAL)
            assert (heard(harbour), heard(river)) == ([], [[("ad…e", 11)]]), "only the latest"
            assert world.reads == {"harbour": 1, "river": 3}


async def test_changes_below_the_first_entries_are_not_sent(autojump_clock: MockClock) -> None:
    world = World()
    world.points = {f"player-{number}": 99 - number for number in range(leaders.SIZE + 1)}
    async with telling(world) as hub:
        with subscribed(hub, subscription_of(None), buffer=9, transport="sse") as watcher:
            await trio.sleep(leaders.INTERVAL + 1)
            [board] = heard(watcher)
            assert [points for _, points in board] == [99 - n for n in range(leaders.SIZE)]
            world.seqs["harbour"], world.points[f"player-{leaders.SIZE}"] = 8, 1
            await trio.sleep(2 * leaders.INTERVAL)
            assert heard(watcher) == []
            world.seqs["harbour"], world.points[f"player-{leaders.SIZE - 1}"] = 9, 2
            await trio.sleep(2 * leaders.INTERVAL)
            assert len(heard(watcher)) == 1
