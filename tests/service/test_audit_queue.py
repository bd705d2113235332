from __future__ import annotations

from itertools import pairwise

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.errors import BatchRejected, StoreError, StoreUnavailable
from hunt.service import audit_queue
from hunt.service.audit_queue import AuditQueue
from hunt.store.audit import Entry


async def test_rejected_entry_is_dropped_and_failed_entry_is_retried(
    autojump_clock: MockClock,
) -> None:
    failures: dict[str, list[StoreError]] = {
        "bad": [BatchRejected("a NUL character"), BatchRejected("another")],
        "late": [StoreUnavailable("away"), StoreError("odd")],
    }
    recorded: list[str] = []

    async def record(entry: Entry) -> None:
        await trio.lowlevel.checkpoint()
        if failures.get(entry.action):
            raise failures[entry.action].pop(0)
        recorded.append(entry.action)

    trail = AuditQueue(record, jitter=lambda: 1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trail.run)
        for action in ("first", "bad", "bad", "late", "last"):
            trail.add(Entry(actor="root", action=action))
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert recorded == ["first", "late", "last"]
    assert trail.faults == {"record": 2, "rejected": 2}


async def test_oldest_entries_are_dropped_beyond_the_limit(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(audit_queue, "WAITING", 2)
    recorded: list[str] = []

    async def record(entry: Entry) -> None:
        await trio.sleep(1)
        recorded.append(entry.action)

    trail = AuditQueue(record, jitter=lambda: 1.0)
    for action in ("first", "second", "third"):
        trail.add(Entry(actor="root", action=action))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trail.run)
        await trio.sleep(0.5)
        trail.add(Entry(actor="root", action="fourth"))  # while the second is on its way
        await trail.wait_recorded()
        nursery.cancel_scope.cancel()
    assert recorded == ["second", "third", "fourth"]


async def test_wait_ends_once_all_entries_are_recorded(autojump_clock: MockClock) -> None:
    recorded: list[str] = []

    async def record(entry: Entry) -> None:
        await trio.sleep(1)
        recorded.append(entry.action)

    trail = AuditQueue(record, jitter=lambda: 1.0)
    assert trail.faults == {"record": 0, "rejected": 0}
    await trail.wait_recorded()  # nothing waits
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trail.run)
        for actions in (["first", "second"], ["third"]):
            for action in actions:
                trail.add(Entry(actor="root", action=action))
            await trail.wait_recorded()
            assert recorded[-1] == actions[-1]
        nursery.cancel_scope.cancel()


async def test_attempts_back_off_until_one_succeeds(autojump_clock: MockClock) -> None:
    away = True
    attempts: list[float] = []

    async def record(entry: Entry) -> None:
        await trio.lowlevel.checkpoint()
        attempts.append(trio.current_time())
        if away:
            raise StoreUnavailable("away")

    trail = AuditQueue(record, jitter=lambda: 1.0)
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trail.run)
        trail.add(Entry(actor="root", action="force"))
        await trio.sleep(60)
        after = [round(at - began, 3) for at in attempts]
        pauses = [later - earlier for earlier, later in pairwise(after)]
        assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
        away = False
        await trio.sleep(60)
        away = True
        attempts.clear()
        trail.add(Entry(actor="root", action="release"))
        await trio.sleep(0.6)
        assert len(attempts) == 2, "a success begins with short pauses again"
        nursery.cancel_scope.cancel()


def test_entry_is_logged_at_once() -> None:
    async def record(entry: Entry) -> None:
        raise AssertionError

    trail = AuditQueue(record, jitter=lambda: 1.0)
    with capture_logs() as logs:
        trail.add(Entry(actor="root", action="force", hunt="harbour", detail={"state": "open"}))
    [line] = logs
    assert line["event"] == "operator action"
    assert (line["actor"], line["action"], line["hunt"], line["detail"]) == (
        "root", "force", "harbour", {"state": "open"},
    )  # fmt: skip
