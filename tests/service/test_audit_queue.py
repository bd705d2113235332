from __future__ import annotations

import trio
from trio.testing import MockClock

from hunt.errors import BatchRejected, StoreError, StoreUnavailable
from hunt.service.audit_queue import AuditQueue
from hunt.store.audit import Entry


async def test_rejected_entry_is_dropped_and_a_failed_one_recorded_later(
    autojump_clock: MockClock,
) -> None:
    failures: dict[str, list[StoreError]] = {
        "bad": [BatchRejected("a NUL character")],
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
        for action in ("first", "bad", "late", "last"):
            trail.add(Entry(actor="root", action=action))
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert recorded == ["first", "late", "last"]
    assert trail.faults == {"record": 2, "rejected": 1}
