"""New epochs of logs, after the database was restored from an older backup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from hunt.core.hunts import Hunt
from hunt.errors import StoreError
from hunt.logs import FaultLog

log = structlog.get_logger("hunt")
fault_log = FaultLog("hunt")


class Epochs:
    """Begins a new epoch of a log that ends before a seq that was committed.

    Args:
        hunts: All known hunts, by id.
        begin: Stores a new epoch, given a hunt's id, its known epoch and a seq that was
            committed; returns False if another process has begun one or the log has that seq.
        refresh: Schedules a read of all hunts; must not block.
    """

    def __init__(
        self,
        hunts: Mapping[str, Hunt],
        begin: Callable[[str, str, int], Awaitable[bool]],
        *,
        refresh: Callable[[], None],
    ) -> None:
        self._hunts = hunts
        self._begin = begin
        self._refresh = refresh

    async def log_went_back(self, hunt: str, seq: int) -> None:
        """Begin a new epoch of a hunt's log, which has lost `seq`."""
        known = self._hunts.get(hunt)
        if known is not None:
            await self.begin(known, seq)

    async def begin(self, hunt: Hunt, seq: int) -> None:
        """Begin a new epoch after `hunt.epoch`.

        Commits of this process are refused until the hunts have been read again.

        Args:
            hunt: The hunt as it was known when `seq` was the end of its log.
            seq: A seq that was committed, and that the log may have lost.
        """
        try:
            if await self._begin(hunt.id, hunt.epoch, seq):
                log.error("epoch begun", hunt=hunt.id, reason="log went back", lost_seq=seq)
        except StoreError as exc:
            fault_log.store_error("epoch not begun", exc, hunt=hunt.id)
        self._refresh()
