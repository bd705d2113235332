from __future__ import annotations

from datetime import UTC, datetime

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.schedule import Due, ScheduleEntry
from hunt.errors import StoreUnavailable
from hunt.service.schedule import INTERVAL, RETRY, SPREAD, Scheduler

START = datetime(2026, 12, 1, tzinfo=UTC)
ENTRY = ScheduleEntry(
    at=START, action="open", id=1, state="done", actor="root", created_at=START,
    settled_at=START, late=0.0, reason="it was open",
)  # fmt: skip


class Store:
    """A schedule by a clock that begins at zero: times of the entries of each hunt."""

    def __init__(self, **entries: list[float]) -> None:
        self.began = trio.current_time()
        self.entries = entries
        self.performed: list[tuple[str, float]] = []
        self.looks: list[float] = []
        self.away = self.busy = False
        self.takes = 0.0  # seconds from a look to its answer
        self.jitter = 0.0

    def now(self) -> float:
        return trio.current_time() - self.began

    async def due(self) -> list[Due]:
        now = self.now()
        self.looks.append(now)
        await trio.sleep(self.takes)
        if self.away:
            raise StoreUnavailable("away")
        return [Due(hunt, min(times) - now) for hunt, times in self.entries.items() if times]

    async def perform(self, hunt: str) -> ScheduleEntry | None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreUnavailable("away")
        times = self.entries[hunt]
        if self.busy or not times or min(times) > self.now():
            return None
        times.remove(min(times))
        self.performed.append((hunt, self.now()))
        return ENTRY

    def scheduler(self) -> Scheduler:
        return Scheduler(self.due, self.perform, jitter=lambda: self.jitter)


async def test_entries_are_performed_at_their_times(autojump_clock: MockClock) -> None:
    store = Store(harbour=[3.5, 3.5, 12.25], river=[-60.0, 4.0])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.scheduler().run)
        await trio.sleep(20)
        nursery.cancel_scope.cancel()
    assert store.performed == [
        ("river", 0.0), ("harbour", 3.5), ("harbour", 3.5), ("river", 4.0), ("harbour", 12.25),
    ]  # fmt: skip


async def test_times_are_measured_from_the_look(autojump_clock: MockClock) -> None:
    store = Store(harbour=[0.5, 6.0])
    store.takes = 1.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.scheduler().run)
        await trio.sleep(7.5)
        nursery.cancel_scope.cancel()
    # The answer at 1.0 comes after the first entry, so the next look begins at once.
    assert store.looks[:4] == [0.0, 1.0, 2.0 + RETRY, 6.0]
    assert store.performed == [("harbour", 2.0), ("harbour", 7.0)]


async def test_looks_of_processes_are_spread(autojump_clock: MockClock) -> None:
    store = Store(harbour=[3.5])
    store.jitter = 0.5
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.scheduler().run)
        await trio.sleep(4)
        nursery.cancel_scope.cancel()
    assert store.looks == pytest.approx([0.0, 3.5 + SPREAD / 2])


async def test_idle_schedule_is_looked_at_every_interval(autojump_clock: MockClock) -> None:
    store = Store()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.scheduler().run)
        await trio.sleep(3 * INTERVAL + 1)
        nursery.cancel_scope.cancel()
    assert store.looks == [0.0, INTERVAL, 2 * INTERVAL, 3 * INTERVAL]


async def test_new_entry_is_noticed_at_once(autojump_clock: MockClock) -> None:
    store = Store()
    scheduler = store.scheduler()
    scheduler.look_soon()  # before it runs
    with capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(scheduler.run)
            await trio.sleep(1)
            store.entries["harbour"] = [1.5]
            scheduler.look_soon()
            await trio.sleep(1)
            nursery.cancel_scope.cancel()
    assert store.performed == [("harbour", 1.5)]
    assert [(each["event"], each["reason"]) for each in lines] == [
        ("schedule entry settled", "it was open")
    ]


async def test_entry_waits_for_the_database_and_is_counted(autojump_clock: MockClock) -> None:
    store = Store(harbour=[2.0])
    scheduler = store.scheduler()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run)
        await trio.sleep(1)
        store.away = True
        await trio.sleep(7.5)
        assert store.performed == []
        assert scheduler.faults == {"look": 7, "perform": 0}
        store.away = False
        await trio.sleep(RETRY + SPREAD)
        nursery.cancel_scope.cancel()
    assert [hunt for hunt, _ in store.performed] == ["harbour"]


async def test_entry_of_another_process_is_looked_at_again(autojump_clock: MockClock) -> None:
    store = Store(harbour=[2.0])
    store.busy = True  # a process that died in the act
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.scheduler().run)
        await trio.sleep(4.5)
        store.busy = False
        await trio.sleep(RETRY)
        nursery.cancel_scope.cancel()
    [(_, at)] = store.performed
    assert at <= 4.5 + RETRY


async def test_failed_act_is_counted_and_does_not_stop_other_hunts(
    autojump_clock: MockClock,
) -> None:
    store = Store(harbour=[1.0], river=[1.0])
    scheduler = store.scheduler()
    plain = store.perform

    async def perform(hunt: str) -> ScheduleEntry | None:
        if hunt == "harbour":
            raise StoreUnavailable("lock timeout")
        return await plain(hunt)

    scheduler._perform = perform
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run)
        await trio.sleep(1.5 + RETRY)
        nursery.cancel_scope.cancel()
    assert store.performed == [("river", 1.0)]
    assert scheduler.faults == {"look": 0, "perform": 2}
