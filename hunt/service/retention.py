"""Deletes what the database keeps for a limited time only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
import trio

from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Maximum seconds between two checks.
INTERVAL = 300.0

log = structlog.get_logger("hunt")
fault_log = FaultLog("hunt")


class Retention:
    """Asks the store to delete what is due, in every process.

    The store decides by the database's clock, and lets one process work at a time.

    Args:
        apply: Deletes the next claims and players that are due; returns their numbers.
        jitter: Uniform in [0, 1), spreads the checks of processes.
    """

    def __init__(
        self, apply: Callable[[], Awaitable[tuple[int, int]]], *, jitter: Callable[[], float]
    ) -> None:
        self._apply = apply
        self._jitter = jitter
        self.faults = Counter(apply=0)  #: checks that failed

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await trio.sleep(INTERVAL * (0.5 + 0.5 * self._jitter()))
            try:
                await self._check()
            except StoreError as exc:
                self.faults["apply"] += 1
                fault_log.store_error("retention failed", exc)

    async def _check(self) -> None:
        """Delete everything that is due, step by step."""
        claims = players = 0
        while any(step := await self._apply()):
            claims, players = claims + step[0], players + step[1]
        if claims or players:
            log.info("retention applied", claims=claims, players=players)
