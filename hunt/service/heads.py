"""Publishes the heads of the hash chains about once a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

import trio

from hunt.core.hunts import Hunt
from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Minimum time between two heads of a hunt, in seconds.
INTERVAL = 1.0

#: One of this many turns asks although no log has grown: the chain may have a new entry.
IDLE = 5

log = FaultLog("hunt")


class Heads:
    """Asks the store to record heads and to tell them to streams, in every process.

    The processes of all nodes take turns without coordination.  Each waits a random time
    after the last head that it heard of, so usually one of them asks each second.  The store
    records a head once, even if several processes ask.

    Args:
        hunts: Returns every known hunt.
        known: Returns the last seq of a hunt that is known to be committed.
        publish: Records the heads that are new.
        jitter: Returns a random number, uniform in [0, 1).
    """

    def __init__(
        self,
        hunts: Callable[[], Iterable[Hunt]],
        known: Callable[[str], int],
        publish: Callable[[], Awaitable[None]],
        *,
        jitter: Callable[[], float],
    ) -> None:
        self._hunts = hunts
        self._known = known
        self._publish = publish
        self._jitter = jitter
        self._upto: dict[str, int] = {}  # by hunt: its last known seq when a head was told
        self._told = trio.Event()
        self.faults = Counter(publish=0)  #: calls that failed

    def told(self, hunt: str) -> None:
        """Learn that a head of a hunt was published; cannot block."""
        self._upto[hunt] = self._known(hunt)
        self._told.set()

    async def run(self) -> None:
        """Publish heads until cancelled."""
        turn = 0
        while True:
            self._told = trio.Event()
            with trio.move_on_after(INTERVAL * (1 + 0.5 * self._jitter())):
                await self._told.wait()
                continue
            turn += 1
            hunts = [each for each in self._hunts() if each.seal and each.state != "draft"]
            grown = any(self._known(each.id) > self._upto.get(each.id, 0) for each in hunts)
            if hunts and (grown or turn % IDLE == 0):
                try:
                    await self._publish()
                except StoreError as exc:
                    self.faults["publish"] += 1
                    log.store_error("heads not published", exc)
            self._upto = {each.id: self._upto.get(each.id, 0) for each in hunts}
