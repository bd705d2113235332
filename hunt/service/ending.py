"""Records the end of hunts whose ``closes_at`` has passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

import structlog
import trio

from hunt.core.hunts import Hunt
from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Maximum seconds between two checks, because a new hunt may become known at any time.
INTERVAL = 1.0

log = structlog.get_logger("hunt")
fault_log = FaultLog("hunt")


class Ending:
    """Asks the store to record the ends of hunts that are due, in every process.

    The estimate of the database's clock only determines when to ask.  The store decides by
    the database's clock, under the lock on the hunt's row.  The call is therefore idempotent,
    and harmless if it comes early or late.

    Args:
        hunts: Returns every known hunt.
        now: Returns the time by the database's clock.
        end_due: Records the end of a hunt if it is due; returns whether it did.
        ended: Called with the id of each hunt whose end this process recorded.
        jitter: Uniform in [0, 1), spreads the checks of processes.
    """

    def __init__(
        self,
        *,
        hunts: Callable[[], Iterable[Hunt]],
        now: Callable[[], datetime],
        end_due: Callable[[str], Awaitable[bool]],
        ended: Callable[[str], None],
        jitter: Callable[[], float],
    ) -> None:
        self._hunts = hunts
        self._now = now
        self._end_due = end_due
        self._ended = ended
        self._jitter = jitter
        self.faults = Counter(end=0)  #: ends that could not be recorded

    async def run(self) -> None:
        """Record ends until cancelled."""
        while True:
            await trio.sleep(self._pause())
            for hunt in tuple(self._hunts()):
                if hunt.is_due(self._now()):
                    await self._end(hunt.id)

    def _pause(self) -> float:
        """Return the seconds until the next hunt is due, with jitter, at most `INTERVAL`."""
        left = [
            (hunt.definition.closes_at - self._now()).total_seconds()
            for hunt in self._hunts()
            if hunt.state in {"open", "paused"} and hunt.definition.closes_at is not None
        ]
        soonest = min([each for each in left if each > 0], default=INTERVAL)
        return min(soonest, INTERVAL * 0.9) + INTERVAL * 0.1 * self._jitter()

    async def _end(self, hunt: str) -> None:
        try:
            recorded = await self._end_due(hunt)
        except StoreError as exc:
            self.faults["end"] += 1
            fault_log.store_error("hunt end not recorded", exc, hunt=hunt)
            return
        if recorded:
            log.info("hunt ended", hunt=hunt, by="closes_at")
            self._ended(hunt)
