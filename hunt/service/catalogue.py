"""Every hunt, by its id, as it was read last: the basis of all decisions about clicks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog
import trio

from hunt import logs
from hunt.core.hunts import Hunt
from hunt.errors import StoreError

#: Seconds between two looks at all hunts; changes are announced, so this only
#: backs a lost notice, and shows how much stock is left.
INTERVAL = 2.0

#: Seconds between two looks at the start, where the hunts could not be read.
RETRY_INTERVAL = 0.5

log = structlog.get_logger("hunt")
fault_log = logs.FaultLog("hunt")


class Catalogue:
    """Keeps what is known of the hunts current.

    Args:
        read: Returns every hunt by its id, None where it cannot be understood; raises a
            `StoreError`.  What was known of a hunt that cannot be read stays.
        found: Called with each hunt that was read, and with what was known of it before.
        gone: Called with each hunt that was deleted.
        faults: Where looks that failed are counted, as ``hunts``.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Mapping[str, Hunt | None]]],
        *,
        found: Callable[[Hunt, Hunt | None], None],
        gone: Callable[[Hunt], None],
        faults: Counter[str],
    ) -> None:
        self.hunts: dict[str, Hunt] = {}  #: by id
        self.answered_at = trio.current_time()  #: when the hunts were read last
        self._read = read
        self._found = found
        self._gone = gone
        self._faults = faults
        self._changed = trio.Event()
        # The database's clock at some moment of Trio's.
        self._clock: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the time by the database's clock, exact to a round trip; hunts were read."""
        assert self._clock is not None, "no hunt was read"
        as_of, at = self._clock
        return as_of + timedelta(seconds=trio.current_time() - at)

    async def _refresh(self) -> bool:
        """Read all hunts again, and return whether they could be read."""
        try:
            stored = await self._read()
        except StoreError as exc:
            self._faults["hunts"] += 1
            fault_log.warning("the hunts could not be read", error=str(exc))
            return False
        self.answered_at = trio.current_time()
        known = self.hunts.copy()
        hunts = [hunt for hunt in stored.values() if hunt is not None]
        self.hunts.update((hunt.id, hunt) for hunt in hunts)  # before the callbacks look
        for deleted in known.keys() - stored.keys():
            self._gone(self.hunts.pop(deleted))
        for hunt in hunts:
            self._clock = hunt.as_of, self.answered_at
            self._found(hunt, known.get(hunt.id))
        return True

    async def wait_read(self) -> None:
        """Return once the hunts have been read."""
        while not await self._refresh():  # ruff: ignore[async-busy-wait] - a database that is back tells nobody
            await trio.sleep(RETRY_INTERVAL)

    def look(self, hunt: str | None = None) -> None:
        """Have the hunts read again soon; cannot block.

        Args:
            hunt: The one that has changed; None: perhaps any of them.
        """
        if hunt is not None:
            log.debug("a hunt has changed", hunt=hunt)
        self._changed.set()

    async def run(self) -> None:
        """Read all hunts again when one has changed, and every few seconds."""
        while True:
            with trio.move_on_after(INTERVAL):
                await self._changed.wait()
            self._changed = trio.Event()
            await self._refresh()
            logs.say_rest()
