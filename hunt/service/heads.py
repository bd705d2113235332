"""Publishes the heads of the hash chains about once a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

import trio

from hunt.core.hunts import Hunt
from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Seconds between two calls of one process.
INTERVAL = 1.0

log = FaultLog("hunt")


class Heads:
    """Asks the store to record heads and to tell them to streams, in every process.

    The store records a head once, whichever process asks.

    Args:
        hunts: Returns every known hunt.
        publish: Records the heads that are new.
        jitter: Uniform in [0, 1), spreads the calls of processes.
    """

    def __init__(
        self,
        hunts: Callable[[], Iterable[Hunt]],
        publish: Callable[[], Awaitable[None]],
        *,
        jitter: Callable[[], float],
    ) -> None:
        self._hunts = hunts
        self._publish = publish
        self._jitter = jitter
        self.faults = Counter(publish=0)  #: calls that failed

    async def run(self) -> None:
        """Publish heads until cancelled."""
        while True:
            await trio.sleep(INTERVAL * (0.9 + 0.2 * self._jitter()))
            if any(hunt.seal is not None and hunt.state != "draft" for hunt in self._hunts()):
                try:
                    await self._publish()
                except StoreError as exc:
                    self.faults["publish"] += 1
                    log.warning("heads not published", sqlstate=exc.sqlstate, error=str(exc))
