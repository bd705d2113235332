"""Performs the entries of schedules at their times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import structlog
import trio

from hunt.core.schedule import Due, ScheduleEntry
from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Maximum seconds between two looks.  Changes are announced, so the interval covers lost notices,
#: and processes that died while they performed an entry.
INTERVAL = 5.0

#: Maximum seconds between two looks while an entry is due that this process did not perform.
RETRY = 1.0

#: The looks of processes at one entry are spread over this many seconds.
SPREAD = 0.1

log = structlog.get_logger("hunt")
fault_log = FaultLog("hunt")


class Scheduler:
    """Asks the store to perform the entries that are due, in every process.

    The time of an entry is a distance by the database's clock, measured from the look at it.  The
    store decides by that clock, under the lock on the hunt's row, and lets one process act.

    Args:
        due: Returns the hunts with waiting entries; raises a `StoreError`.
        perform: Performs the first entry of a hunt that is due, and returns it settled; None if
            there is none, or another process performs it; raises a `StoreError`.
        jitter: Uniform in [0, 1), spreads the looks of processes.
    """

    def __init__(
        self,
        due: Callable[[], Awaitable[Sequence[Due]]],
        perform: Callable[[str], Awaitable[ScheduleEntry | None]],
        *,
        jitter: Callable[[], float],
    ) -> None:
        self._due = due
        self._perform = perform
        self._jitter = jitter
        self._changed = trio.Event()
        self.faults = Counter(look=0, perform=0)  #: looks and entries that failed

    def look_soon(self) -> None:
        """Schedule a look; cannot block."""
        self._changed.set()

    async def run(self) -> None:
        """Perform entries until cancelled."""
        while True:
            self._changed = trio.Event()
            pause = await self._look()
            with trio.move_on_after(pause + SPREAD * self._jitter()):
                await self._changed.wait()

    async def _look(self) -> float:
        """Perform what is due, and return the seconds until the next look."""
        began = trio.current_time()
        try:
            found = await self._due()
        except StoreError as exc:
            self.faults["look"] += 1
            fault_log.store_error("schedule not read", exc)
            return RETRY
        pause = INTERVAL
        for each in found:
            if each.seconds <= 0:
                await self._perform_due(each.hunt)
                pause = min(pause, RETRY)  # another entry may be due soon, or still wait
            else:
                pause = min(pause, each.seconds - (trio.current_time() - began))
        return max(pause, 0)

    async def _perform_due(self, hunt: str) -> None:
        """Perform every entry of a hunt that is due."""
        try:
            while (entry := await self._perform(hunt)) is not None:
                log.info(
                    "schedule entry settled",
                    hunt=hunt,
                    entry=entry.id,
                    action=entry.action,
                    state=entry.state,
                    late=entry.late,
                    reason=entry.reason,
                )
        except StoreError as exc:
            self.faults["perform"] += 1
            fault_log.store_error("schedule entry not performed", exc, hunt=hunt)
