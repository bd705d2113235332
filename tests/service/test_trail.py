from __future__ import annotations

import trio
from trio.testing import MockClock

from hunt.errors import BatchRejected, StoreError, StoreUnavailable
from hunt.service.trail import Trail


async def test_rejected_entry_is_dropped_and_a_failed_one_recorded_later(
    autojump_clock: MockClock,
) -> None:
    failures: dict[str, list[StoreError]] = {
        "bad": [BatchRejected("a NUL character")],
        "late": [StoreUnavailable("away"), StoreError("odd")],
    }
    recorded: list[str] = []

    async def record(entry: str) -> None:
        await trio.lowlevel.checkpoint()
        if failures.get(entry):
            raise failures[entry].pop(0)
        recorded.append(entry)

    trail = Trail(record, jitter=lambda: 1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trail.run)
        for entry in ("first", "bad", "late", "last"):
            trail.add(entry)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert recorded == ["first", "late", "last"]
    assert trail.faults == {"record": 2, "rejected": 1}
