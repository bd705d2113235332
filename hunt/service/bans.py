"""Keeps the list of bans current, and ends the streams that a new ban concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from hunt.core.bans import Ban, BanList
from hunt.errors import StoreError
from hunt.logs import FaultLog
from hunt.service.refresher import Refresher

log = FaultLog("hunt")


class Bans:
    """Reads the bans after each change.

    While they cannot be read, the last ones stay in force.

    Args:
        bans: The list, for everybody who checks clients.
        read: Returns the bans in force; raises a `StoreError`.
        end_banned: Ends the open streams that a ban concerns.
    """

    def __init__(
        self,
        bans: BanList,
        read: Callable[[], Awaitable[Sequence[Ban]]],
        end_banned: Callable[[], Awaitable[None]],
    ) -> None:
        self._bans = bans
        self.faults = Counter(bans=0)  #: reads that failed
        self._read = read
        self._end_banned = end_banned
        self._known: Sequence[Ban] = []
        self._refresher = Refresher()

    def refresh_soon(self) -> None:
        """Schedule a read; cannot block."""
        self._refresher.soon()

    async def wait_read(self) -> None:
        """Return once the bans have been read."""
        await self._refresher.wait_read(self._refresh)

    async def run(self) -> None:
        """Read the bans after each change, and at an interval, until cancelled."""
        await self._refresher.run(self._refresh)

    async def _refresh(self) -> bool:
        """Read the bans, and return whether that succeeded."""
        try:
            found = await self._read()
        except StoreError as exc:
            self.faults["bans"] += 1
            log.store_error("bans not read", exc)
            return False
        if found != self._known:
            self._known = found
            self._bans.replace(found)  # before streams end, so that none can open again
            await self._end_banned()
        return True
