from __future__ import annotations

import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.metrics.stall_detector import StallDetector


async def test_stall_is_counted_and_logged(autojump_clock: MockClock) -> None:
    blocked = 0.0
    stalls = StallDetector(lambda: trio.current_time() + blocked)
    with capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stalls.run)
            await trio.sleep(0.7)
            blocked += 0.9  # below the limit
            await trio.sleep(0.5)
            assert stalls.faults["stalled"] == 0
            blocked += 3.0
            await trio.sleep(10)
            nursery.cancel_scope.cancel()
    assert stalls.faults["stalled"] == 1
    assert [(each["event"], each["seconds"]) for each in logs] == [("event loop stalled", 3.0)]
