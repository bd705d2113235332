"""Entries of the audit trail that must not wait for the database."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import structlog
import trio

from hunt.core.backoff import Backoff
from hunt.errors import BatchRejected, StoreError

#: Entries that wait, at most; the oldest give way.
WAITING = 1000


class Action(Protocol):
    """What an entry says."""

    @property
    def actor(self) -> str:
        """Who did it."""

    @property
    def action(self) -> str:
        """What was done."""

    @property
    def hunt(self) -> str | None:
        """To which hunt; None where it concerns none, or all."""

    @property
    def detail(self) -> dict[str, Any]:
        """More of it, without secrets."""


Entry = TypeVar("Entry", bound=Action)

log = structlog.get_logger("hunt.audit")


class AuditQueue(Generic[Entry]):
    """Records what an operator did, as soon as the database takes it.

    The breaker is forced while the database is away, and that must be on record,
    too.  Each entry is logged at once; one that was sent without an answer is
    sent again, so it may be recorded twice.  One that the database will never take
    is dropped, so that those behind it are recorded.

    Args:
        record: The store's; raises a `StoreError`.
        jitter: Uniform in [0, 1), spreads the attempts.
    """

    def __init__(
        self, record: Callable[[Entry], Awaitable[None]], *, jitter: Callable[[], float]
    ) -> None:
        self._record = record
        self._jitter = jitter
        self._entries: deque[Entry] = deque(maxlen=WAITING)
        self._added = trio.Event()
        #: Attempts to record an entry that failed, entries that were dropped.
        self.faults = Counter(record=0, rejected=0)

    def add(self, entry: Entry) -> None:
        """Have an entry recorded; cannot block."""
        log.warning(
            "operator action",
            action=entry.action,
            actor=entry.actor,
            hunt=entry.hunt,
            detail=entry.detail,
        )
        self._entries.append(entry)
        self._added.set()

    async def run(self) -> None:
        """Record what was added, in order, until cancelled."""
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
                    log.warning("audit trail waits for the database", error=str(exc))
                    await trio.sleep(backoff.next())
                    continue
                backoff.reset()
                if self._entries and self._entries[0] is entry:
                    self._entries.popleft()
            await self._added.wait()
