from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.events import Notice, Reward
from hunt.errors import StoreUnavailable
from hunt.service.tail import DEAF, Tail


def reward(seq: int) -> Reward:
    return Reward(seq, f"c{seq}", "ada", None, 0, "")


class Table:
    """The committed rewards; the first `failures` reads fail."""

    def __init__(self, last: int, failures: int = 0, page: int = 1000) -> None:
        self.seq = last
        self.failures = failures
        self.page = page
        self.reads: list[tuple[int, int]] = []

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable

    async def read(self, hunt: str, after: int, upto: int) -> list[Reward]:
        await trio.lowlevel.checkpoint()
        self._fail()
        self.reads.append((after, upto))
        return [reward(seq) for seq in range(after + 1, upto + 1)][: self.page]

    async def last(self) -> dict[str, int]:
        await trio.lowlevel.checkpoint()
        self._fail()
        return {"harbour": self.seq}


class Published(list[int]):
    def __init__(self) -> None:
        self.hunts: set[str] = set()

    def __call__(self, hunt: str, rewards: Sequence[Reward]) -> None:
        assert rewards
        self.hunts.add(hunt)
        self.extend(each.seq for each in rewards)


def follow(table: Table, **options: Any) -> tuple[Tail, Published]:
    published = Published()
    tail = Tail(
        read=table.read,
        last=table.last,
        publish=published,
        jitter=lambda: 0.5,
        **options,
    )
    tail.start_at("harbour", 0)
    return tail, published


def notice(first: int, last: int, *, rows: bool = True) -> Notice:
    rewards = tuple(reward(seq) for seq in range(first, last + 1))
    return Notice("harbour", first, last, rewards if rows else None)


async def test_rewards_in_order_are_published_at_once() -> None:
    tail, published = follow(Table(3))
    assert tail.faults == {"read": 0, "look": 0, "dropped": 0, "deaf": 0}
    tail.committed("harbour", [reward(1), reward(2)])
    tail.notice(notice(1, 2))  # the notice of the tail's own process
    tail.notice(notice(3, 3))
    assert published == [1, 2, 3]
    assert tail.position("harbour") == 3


async def test_patience_counts_from_each_gap_of_its_own(autojump_clock: MockClock) -> None:
    table = Table(0)
    tail, published = follow(table, patience=0.02, poll=1000)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        tail.notice(notice(2, 2))
        await trio.sleep(0.015)
        tail.notice(notice(1, 1))  # closes the gap
        tail.notice(notice(4, 4))  # opens another one
        await trio.sleep(0.015)
        tail.notice(notice(3, 3))  # in time for this one, too
        await trio.sleep(1)
        assert (published, table.reads) == ([1, 2, 3, 4], [])
        tail.notice(notice(6, 6))
        await trio.sleep(0.019)
        assert table.reads == []
        await trio.sleep(0.002)
        assert (published[4:], table.reads) == ([5, 6], [(4, 6)])
        nursery.cancel_scope.cancel()


async def test_log_that_ends_before_a_commit_is_reported(autojump_clock: MockClock) -> None:
    reported: list[tuple[str, int]] = []

    async def went_back(hunt: str, known: int) -> None:
        reported.append((hunt, known))

    table = Table(3)
    tail, _ = follow(table, went_back=went_back)
    tail.committed("harbour", [reward(seq) for seq in (1, 2, 3)])
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        await trio.sleep(2.5)
        assert reported == [], "the log holds what was committed"
        table.seq = 1
        await trio.sleep(1)
        assert reported == [("harbour", 3)]
        nursery.cancel_scope.cancel()


async def test_hunt_that_a_poll_does_not_find_is_not_reported(autojump_clock: MockClock) -> None:
    async def went_back(hunt: str, known: int) -> None:
        raise AssertionError

    table = Table(3)
    tail, _ = follow(table, went_back=went_back)
    tail.start_at("river", 5)  # deleted, and this process does not know it yet
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        await trio.sleep(2.5)
        assert tail.known("harbour") == 3
        assert not +tail.faults
        nursery.cancel_scope.cancel()


async def test_epoch_begun_during_a_poll_is_not_reported(
    autojump_clock: MockClock,
) -> None:
    async def went_back(hunt: str, known: int) -> None:
        raise AssertionError

    class Restored(Table):
        async def last(self) -> dict[str, int]:
            tail.begin_again("harbour", 1)  # the catalogue has read the new epoch meanwhile
            return await super().last()

    table = Restored(1)
    tail, _ = follow(table, went_back=went_back)
    tail.committed("harbour", [reward(seq) for seq in (1, 2, 3)])
    with trio.move_on_after(1.5):
        await tail.run()
    assert tail.position("harbour") == 1


async def test_commit_waits_for_an_earlier_notice() -> None:
    tail, published = follow(Table(3))
    tail.committed("harbour", [reward(3)])
    assert published == []
    tail.notice(notice(1, 2))
    assert published == [1, 2, 3]
    assert published.hunts == {"harbour"}


async def test_batch_waits_for_rows_between_its_own() -> None:
    tail, published = follow(Table(4))
    tail.committed("harbour", [reward(1), reward(4)])  # it was split
    assert published == [1]
    tail.notice(notice(2, 3))
    assert published == [1, 2, 3, 4]


async def test_rewards_without_streams_are_skipped(
    autojump_clock: MockClock,
) -> None:
    table, followed = Table(9), [False]
    tail, published = follow(table, poll=1000, wanted=lambda hunt: hunt != "harbour" or followed[0])
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        tail.committed("harbour", [reward(1), reward(2)])
        tail.notice(notice(4, 4))  # the third is still on its way
        tail.notice(notice(5, 6, rows=False))
        await trio.sleep(1)
        assert (tail.position("harbour"), published, table.reads) == (6, [], [])
        followed[0] = True
        tail.notice(notice(3, 3))  # late, and already skipped
        tail.notice(notice(8, 9))
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert published == [7, 8, 9]


async def test_lasting_gap_is_read(autojump_clock: MockClock) -> None:
    table = Table(9, failures=2, page=3)
    tail, published = follow(table, poll=1000)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        tail.notice(notice(9, 9))
        await trio.sleep(10)
        assert published == list(range(1, 10))
        assert table.reads == [(0, 9), (3, 9), (6, 9)]
        assert (tail.reads, +tail.faults) == (3, {"read": 2})
        table.failures = 1
        tail.notice(notice(12, 12))
        await trio.sleep(0.1)
        assert published[9:] == [10, 11, 12], "after a short pause again"
        nursery.cancel_scope.cancel()


async def test_rows_beyond_a_notice_are_read(autojump_clock: MockClock) -> None:
    tail, published = follow(Table(5), poll=1000)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        tail.notice(notice(1, 5, rows=False))
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert published == [1, 2, 3, 4, 5]


async def test_poll_finds_commits_without_notice(autojump_clock: MockClock) -> None:
    tail, published = follow(Table(2, failures=1), poll=1)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        await trio.sleep(1.5)
        assert published == []  # the first poll failed
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert published == [1, 2]
    assert +tail.faults == {"look": 1}


async def test_resync_polls_at_once(
    autojump_clock: MockClock,
) -> None:
    tail, published = follow(Table(2), poll=1000)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        tail.resync()
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert published == [1, 2]


async def test_early_rewards_are_bounded_and_read_again(autojump_clock: MockClock) -> None:
    table = Table(31)
    tail, published = follow(table, poll=1000, buffer=10)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        for seq in range(2, 32):
            tail.committed("harbour", [reward(seq)])
        assert len(tail._positions["harbour"].early) <= 10
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert published == list(range(1, 32))
    assert tail.faults["dropped"] == 2, "each time eleven"


async def test_log_of_a_new_epoch_is_followed_from_its_end(
    autojump_clock: MockClock,
) -> None:
    tail, published = follow(Table(3))
    tail.committed("harbour", [reward(1), reward(2), reward(3)])
    tail.begin_again("harbour", 1)
    tail.committed("harbour", [reward(2)])
    assert published == [1, 2, 3, 2]
    assert tail.position("harbour") == 2


async def test_missing_announced_reward_is_read_with_backoff(
    autojump_clock: MockClock,
) -> None:
    class Restored(Table):
        async def read(self, hunt: str, after: int, upto: int) -> list[Reward]:
            times.append(trio.current_time())
            await super().read(hunt, after, upto)
            return []

    times: list[float] = []
    tail, _ = follow(Restored(0))
    tail.notice(notice(1, 9, rows=False))
    with trio.move_on_after(5):
        await tail.run()
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert pauses == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0])


async def test_unknown_hunt_is_followed_from_its_first_rewards() -> None:
    tail, published = follow(Table(0))
    tail.notice(Notice("other", 7, 7, (reward(7),)))
    tail.committed("river", [reward(4)])
    assert published == [7, 4]
    assert (tail.position("other"), tail.position("river")) == (7, 4)
    assert tail.position("nowhere") == 0


@settings(deadline=None)
@given(st.data())
async def test_log_is_published_despite_loss_reordering_and_repetition(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=12))
    batches, first = [], 1
    for size in sizes:
        batches.append((first, first + size - 1))
        first += size
    news = data.draw(st.lists(st.sampled_from(batches), max_size=24))
    table = Table(first - 1)
    tail, published = follow(table, patience=0, poll=1000)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        for begin, end in news:
            kind = data.draw(st.sampled_from(["own", "rows", "bare", "pause"]))
            if kind == "own":
                tail.committed("harbour", [reward(seq) for seq in range(begin, end + 1)])
            elif kind == "pause":
                await trio.testing.wait_all_tasks_blocked()
            else:
                tail.notice(notice(begin, end, rows=kind == "rows"))
            assert published == list(range(1, len(published) + 1))
        tail.resync()
        while tail.position("harbour") < first - 1:
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert published == list(range(1, first))


async def test_failed_hunt_delays_no_other(autojump_clock: MockClock) -> None:
    tables = {"broken": Table(9, failures=10**9), "harbour": Table(9)}
    asked: list[str] = []

    async def read(hunt: str, after: int, upto: int) -> list[Reward]:
        asked.append(hunt)
        return await tables[hunt].read(hunt, after, upto)

    published: dict[str, list[int]] = {"broken": [], "harbour": []}
    tail = Tail(
        read=read,
        last=Table(0).last,
        publish=lambda hunt, rewards: published[hunt].extend(each.seq for each in rewards),
        jitter=lambda: 1.0,
    )
    for hunt in tables:
        tail.start_at(hunt, 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        tail.notice(Notice("broken", 1, 5, None))
        await trio.sleep(20)  # by now the pauses for the failing hunt are long
        tail.notice(Notice("harbour", 1, 9, None))
        await trio.sleep(0.1)
        assert published["harbour"] == list(range(1, 10))
        assert asked.count("broken") < 16, "at most every two seconds, after the first ones"
        tables["broken"].failures = 0
        await trio.sleep(2.1)
        assert published["broken"] == list(range(1, 6))
        nursery.cancel_scope.cancel()


async def test_failed_polls_and_deafness_are_counted(autojump_clock: MockClock) -> None:
    table = Table(3, failures=9)
    tail, published = follow(table)
    assert (tail.known("harbour"), tail.known("river")) == (0, 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        await trio.sleep(3.5)
        assert (tail.faults["look"], tail.faults["deaf"], tail.is_deaf()) == (3, 0, False)
        await trio.sleep(0.5)
        assert (tail.silence(), tail.is_deaf()) == (DEAF, False)
        await trio.sleep(4.5)
        assert (tail.faults["look"], tail.faults["deaf"], tail.is_deaf()) == (8, 1, True)
        assert tail.silence() == 8.5
        await trio.sleep(2)
        assert (tail.faults["look"], tail.faults["deaf"], tail.is_deaf()) == (9, 1, False)
        assert tail.silence() < 1
        assert published == [1, 2, 3]
        assert tail.known("harbour") == 3
        table.failures = 6
        await trio.sleep(6)
        assert tail.faults["deaf"] == 2, "each time once"
        nursery.cancel_scope.cancel()


async def test_silence_of_the_database_is_logged(autojump_clock: MockClock) -> None:
    tail, _ = follow(Table(3, failures=4), poll=1.0625)
    with capture_logs() as lines, trio.move_on_after(6):
        await tail.run()
    assert [(each["event"], each["silence"]) for each in lines] == [
        ("tail lost the database", 4.2), ("tail reached the database", 5.3),
    ]  # fmt: skip


async def test_hunt_that_a_poll_finds_is_followed_from_its_end(autojump_clock: MockClock) -> None:
    tail, published = follow(Table(3))
    tail.forget("harbour")
    with trio.move_on_after(1.5):
        await tail.run()
    assert (tail.position("harbour"), published) == (3, [])


async def test_announced_seq_is_known_before_publication() -> None:
    tail, published = follow(Table(5))
    tail.notice(notice(4, 5))
    assert (tail.position("harbour"), tail.known("harbour"), published) == (0, 5, [])


async def test_deleted_hunt_is_followed_no_longer(autojump_clock: MockClock) -> None:
    table = Table(0, failures=2)
    tail, published = follow(table)
    async with trio.open_nursery() as nursery:
        tail.notice(notice(1, 3, rows=False))  # its gap is read, with a backoff
        await nursery.start(tail.run)
        while table.failures:
            await trio.sleep(0.01)
        tail.forget("harbour")
        assert not any((tail._positions, tail._behind, tail._backoffs))
        await trio.sleep(0.5)
        assert not table.reads
        nursery.cancel_scope.cancel()
    assert published == []


async def test_rewards_read_for_a_deleted_hunt_are_dropped(autojump_clock: MockClock) -> None:
    table = Table(3)
    tail, published = follow(table)

    async def read(hunt: str, after: int, upto: int) -> list[Reward]:
        tail.forget(hunt)
        return await table.read(hunt, after, upto)

    tail._read = read
    async with trio.open_nursery() as nursery:
        tail.notice(notice(1, 3, rows=False))
        await nursery.start(tail.run)
        await trio.sleep(0.5)
        assert tail.reads
        nursery.cancel_scope.cancel()
    assert published == []


async def test_growth_of_a_log_is_reported(autojump_clock: MockClock) -> None:
    grown: list[str] = []
    table = Table(3)
    tail, _ = follow(table, advanced=grown.append)
    tail.committed("harbour", [reward(1)])
    tail.notice(notice(2, 2))
    tail.notice(notice(3, 3, rows=False))
    assert grown == ["harbour"] * 3
    grown.clear()
    async with trio.open_nursery() as nursery:
        await nursery.start(tail.run)
        await trio.sleep(3.5)
        assert grown == [], "polls find nothing new"
        table.seq = 4
        await trio.sleep(3)
        assert grown == ["harbour"]
        nursery.cancel_scope.cancel()
