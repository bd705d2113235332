"""What waits in the park, and what becomes of it where its service fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from hunt.edge.admission import Holder, Slot
from hunt.edge.sending import PIECE
from hunt.logs import FaultLog

if TYPE_CHECKING:
    from hunt.edge.park import Park

log = FaultLog("hunt.edge")


class Parked(Protocol):
    """What waits in the park."""

    fd: int
    park: Park
    slot: Slot

    def readable(self) -> None:
        """Read what has come.  Must not block; what it raises ends this one only."""

    def beat(self) -> None:
        """Give a sign of life, where that is due: called `TURNS` times a heartbeat."""

    def end(self) -> None:
        """Close the connection, and forget all of it."""


class Timed(Parked, Holder, Protocol):
    """What may not wait for ever: a connection between two requests."""

    def look(self, now: float) -> None:
        """Mind the time: called every few seconds."""

    def part(self) -> None:
        """Serve what has come already, and end where nothing has."""


def skip(parked: Parked) -> None:
    """Read what the client sends and nobody wants, and end where the client has ended."""
    try:
        data = os.read(parked.fd, PIECE)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        parked.end()


@contextmanager
def contained(parked: Parked) -> Iterator[None]:
    """End a connection whose service fails, and nothing else (H1)."""
    try:
        yield
    except Exception as exc:
        failed(parked, exc)


def failed(parked: Parked, error: Exception) -> None:
    """End a connection whose service raised.

    Whoever calls this catches every `Exception` on purpose: which of them hostile
    bytes can cause is not a closed list.
    """
    parked.park.faults["contained"] += 1
    log.warning("connection failed", error=type(error).__name__, exc_info=error)
    parked.end()
