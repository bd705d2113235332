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

#: Seconds between two looks, at most; a hunt may be announced late.
INTERVAL = 1.0

log = structlog.get_logger("hunt")
fault_log = FaultLog("hunt")


class Ending:
    """Asks the store to record what is due; every process of every node runs one.

    The estimate of the database's clock only says when to ask.  The store decides, by
    the database's clock and under the lock on the hunt's row, so asking early, late or
    several times at once is harmless.

    Args:
        hunts: Returns every known hunt.
        now: Returns the time by the database's clock.
        end_due: Records the end of a hunt that is due, and returns whether it did.
        ended: Called with the id of each hunt whose end was recorded here.
        jitter: Uniform in [0, 1), spreads the processes.
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
        """Return the seconds until the next hunt is due; jittered, at most `INTERVAL`."""
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
            fault_log.warning("hunt end failed", hunt=hunt, sqlstate=exc.sqlstate, error=str(exc))
            return
        if recorded:
            log.info("hunt ended", hunt=hunt, by="closes_at")
            self._ended(hunt)
