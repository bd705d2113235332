"""Every hunt, by its id, as it was read last: what all decisions of a click go by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection

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
        read: Returns every hunt; raises a `StoreError`, and then what was known stays.
        found: Told of each hunt that was read, and what was known of it before.
        faults: Where looks that failed are counted, as ``hunts``.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Collection[Hunt]]],
        *,
        found: Callable[[Hunt, Hunt | None], None],
        faults: Counter[str],
    ) -> None:
        self.hunts: dict[str, Hunt] = {}  #: by id; hunts are closed, never deleted
        self.answered_at = trio.current_time()  #: when the hunts were read last
        self._read = read
        self._found = found
        self._faults = faults
        self._changed = trio.Event()

    async def _refresh(self) -> bool:
        """Read all hunts again, and return whether they could be read."""
        try:
            hunts = await self._read()
        except StoreError as exc:
            self._faults["hunts"] += 1
            fault_log.warning("the hunts could not be read", error=str(exc))
            return False
        self.answered_at = trio.current_time()
        known = self.hunts.copy()
        self.hunts.update((hunt.id, hunt) for hunt in hunts)  # before anybody is told
        for hunt in hunts:
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
