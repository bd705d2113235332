"""Detection of stalls of the event loop, from any cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog
import trio

#: Seconds between two checks.
INTERVAL = 0.5

#: Seconds of delay beyond `INTERVAL` that count as a stall.
LATE = 1.0

log = structlog.get_logger("hunt.loop")


class StallDetector:
    """Counts and logs each stall of more than `LATE` seconds.

    Args:
        clock: Real, monotonic time, in seconds; not Trio's, which tests can move.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.faults = Counter(stalled=0)  #: stalls so far

    async def run(self) -> None:
        """Check every `INTERVAL` seconds, until cancelled."""
        while True:
            before = self._clock()
            await trio.sleep(INTERVAL)
            late = self._clock() - before - INTERVAL
            if late > LATE:
                self.faults["stalled"] += 1
                log.warning("event loop stalled", seconds=round(late, 1))
