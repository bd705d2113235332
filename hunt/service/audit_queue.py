"""A queue of audit entries that must not wait for the database."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import structlog
import trio

from hunt.core.backoff import Backoff
from hunt.errors import BatchRejected, StoreError
from hunt.logs import FaultLog

#: Maximum number of waiting entries; the oldest ones are dropped.
WAITING = 1000


class Action(Protocol):
    """The content of an entry."""

    @property
    def actor(self) -> str:
        """The operator."""

    @property
    def action(self) -> str:
        """The name of the action."""

    @property
    def hunt(self) -> str | None:
        """The id of the hunt; None if the action concerns no hunt, or all."""

    @property
    def detail(self) -> dict[str, Any]:
        """Details, without secrets."""


Entry = TypeVar("Entry", bound=Action)

log = structlog.get_logger("hunt.audit")
fault_log = FaultLog("hunt.audit")


class AuditQueue(Generic[Entry]):
    """Records actions of operators as soon as the database accepts them.

    An operator may force the breaker while the database is unavailable, and this action must
    be recorded, too.  Each entry is logged at once.  An unanswered entry is sent again, so it
    may be recorded twice.  An entry that the database rejects is dropped.

    Args:
        record: Records an entry; raises a `StoreError`.
        jitter: Uniform in [0, 1), spreads the attempts.
    """

    def __init__(
        self, record: Callable[[Entry], Awaitable[None]], *, jitter: Callable[[], float]
    ) -> None:
        self._record = record
        self._jitter = jitter
        self._entries: deque[Entry] = deque(maxlen=WAITING)
        self._added = trio.Event()
        self._emptied = trio.Event()
        #: Failed attempts to record an entry, and rejected entries.
        self.faults = Counter(record=0, rejected=0)

    def add(self, entry: Entry) -> None:
        """Log an entry, and queue it; cannot block."""
        log.warning(
            "operator action",
            action=entry.action,
            actor=entry.actor,
            hunt=entry.hunt,
            detail=entry.detail,
        )
        self._entries.append(entry)
        self._added.set()

    async def wait_recorded(self) -> None:
        """Return once no entry waits, while `run` runs."""
        while self._entries:
            self._emptied = trio.Event()
            await self._emptied.wait()

    async def run(self) -> None:
        """Record entries in order, until cancelled."""
        backoff = Backoff(base=0.5, cap=15.0, jitter=self._jitter)
        while True:
            self._added = trio.Event()
            while self._entries:
                entry = self._entries[0]
                try:
                    await self._record(entry)
                except BatchRejected as exc:
                    self.faults["rejected"] += 1
                    log.warning("audit entry rejected", entry=str(entry), error=str(exc))
                except StoreError as exc:
                    self.faults["record"] += 1
                    fault_log.store_error("audit entry not recorded", exc)
                    await trio.sleep(backoff.next())
                    continue
                backoff.reset()
                if self._entries[0] is entry:  # else it was dropped meanwhile
                    self._entries.popleft()
            self._emptied.set()
            await self._added.wait()
