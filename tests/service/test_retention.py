"""The background task of retention."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from hunt.errors import StoreUnavailable
from hunt.service.retention import INTERVAL, Retention


async def test_checks_until_nothing_is_due_and_again_later(
    autojump_clock: trio.testing.MockClock,
) -> None:
    calls: list[float] = []
    steps: Iterator[tuple[int, int]] = iter([(5, 0), (2, 3), (0, 0), (0, 1), (0, 0)])

    async def apply() -> tuple[int, int]:
        calls.append(trio.current_time())
        return next(steps, (0, 0))

    task = Retention(apply, jitter=lambda: 1.0)
    began = trio.current_time()
    with capture_logs() as lines, trio.move_on_after(3.5 * INTERVAL):
        await task.run()
    turns = [1, 1, 1, 2, 2, 3]
    assert [at - began for at in calls] == pytest.approx([each * INTERVAL for each in turns])
    assert [(each["claims"], each["players"]) for each in lines] == [(7, 3), (0, 1)]
    assert task.faults["apply"] == 0


async def test_failure_is_counted_and_does_not_end_the_task(
    autojump_clock: trio.testing.MockClock,
) -> None:
    calls = 0

    async def apply() -> tuple[int, int]:
        nonlocal calls
        calls += 1
        raise StoreUnavailable("no database")

    task = Retention(apply, jitter=lambda: 0.0)
    with trio.move_on_after(1.75 * INTERVAL):
        await task.run()
    assert calls == task.faults["apply"] == 3
