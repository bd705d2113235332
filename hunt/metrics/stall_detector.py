"""Notices that the event loop stood still, whatever it was that held it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog
import trio

#: Seconds between two looks, and late by how many the loop stood still.
INTERVAL, LATE = 0.5, 1.0

log = structlog.get_logger("hunt.loop")


class StallDetector:
    """Counts and logs each time that the loop was late by more than `LATE` seconds.

    Args:
        clock: Real, monotonic time, in seconds; not Trio's, which tests can move.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.faults = Counter(stalled=0)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            before = self._clock()
            await trio.sleep(INTERVAL)
            late = self._clock() - before - INTERVAL
            if late > LATE:
                self.faults["stalled"] += 1
                log.warning("the event loop stood still", seconds=round(late, 1))
