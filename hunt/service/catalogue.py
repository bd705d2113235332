"""All hunts of the database, cached in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
import trio

from hunt import logs
from hunt.core.hunts import Hunt
from hunt.errors import StoreError
from hunt.service.refresher import Refresher

log = structlog.get_logger("hunt")
fault_log = logs.FaultLog("hunt")


class Watcher(Protocol):
    """Follows the hunts; its methods must not block."""

    def hunt_read(self, hunt: Hunt, known: Hunt | None) -> None:
        """Take a hunt that was read, and its former state; None for a new one."""

    def hunt_deleted(self, hunt: Hunt) -> None:
        """Take a hunt that was deleted."""


class Catalogue:
    """Keeps a copy of all hunts current.

    Args:
        read: Returns every hunt by its id; None for one that cannot be read, whose last
            state is kept.  Raises a `StoreError`.
    """

    def __init__(self, read: Callable[[], Awaitable[Mapping[str, Hunt | None]]]) -> None:
        self.hunts: dict[str, Hunt] = {}  #: by id
        self.answered_at = trio.current_time()  #: time of the last successful read
        self.faults = Counter(hunts=0)  #: reads that failed
        self._read = read
        self._refresher = Refresher()
        # A time of the database's clock, and Trio's time at that moment.
        self._clock: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the time by the database's clock, exact to a round trip.

        At least one hunt must have been read.
        """
        assert self._clock is not None, "no hunt was read"
        as_of, at = self._clock
        return as_of + timedelta(seconds=trio.current_time() - at)

    def epoch(self, hunt: str) -> str | None:
        """Return the epoch of a hunt's log; None for a hunt that is unknown, or was deleted.

        Event ids of older epochs are not valid.
        """
        known = self.hunts.get(hunt)
        return None if known is None else known.epoch

    async def _refresh(self, watcher: Watcher) -> bool:
        """Read all hunts, and return whether that succeeded."""
        try:
            stored = await self._read()
        except StoreError as exc:
            self.faults["hunts"] += 1
            fault_log.store_error("hunts not read", exc)
            return False
        self.answered_at = trio.current_time()
        known = self.hunts.copy()
        hunts = [hunt for hunt in stored.values() if hunt is not None]
        self.hunts.update((hunt.id, hunt) for hunt in hunts)  # before the watcher is called
        for deleted in known.keys() - stored.keys():
            watcher.hunt_deleted(self.hunts.pop(deleted))
        for hunt in hunts:
            self._clock = hunt.as_of, self.answered_at
            watcher.hunt_read(hunt, known.get(hunt.id))
        return True

    async def wait_read(self, watcher: Watcher) -> None:
        """Return once the hunts have been read."""
        await self._refresher.wait_read(partial(self._refresh, watcher))

    def refresh_soon(self, hunt: str | None = None) -> None:
        """Schedule a read of all hunts; cannot block.

        Args:
            hunt: The id of the hunt that has changed; None if any hunt may have changed.
        """
        if hunt is not None:
            log.debug("hunt changed", hunt=hunt)
        self._refresher.soon()

    async def run(self, watcher: Watcher) -> None:
        """Read all hunts after each change, and at an interval, until cancelled."""

        async def refresh() -> bool:
            read = await self._refresh(watcher)
            logs.report_suppressed()
            return read

        await self._refresher.run(refresh)
