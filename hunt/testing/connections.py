"""Connections, assembled from the entries of a history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hunt.testing.history import Closed, Entry, Greeted, Opened, Received, Reset


@dataclass(slots=True)
class StreamRecord:
    """One connection of a stream, from open to close."""

    opened: Opened
    greeted: Greeted | None = None
    reset: Reset | None = None
    received: list[Received] = field(default_factory=list)
    closed: Closed | None = None

    @property
    def start(self) -> int | None:
        """The seq after which the stream is live; None without a ``hello``."""
        if self.greeted is None:
            return None
        if self.greeted.resumed and self.reset is None:
            return self.opened.after
        return self.greeted.seq

    def entries(self) -> list[Entry]:
        """Return its entries, without the rewards."""
        return [e for e in (self.opened, self.greeted, self.reset, self.closed) if e is not None]


def connections(history: Iterable[Entry], hunt: str) -> list[StreamRecord]:
    """Return the connections to one hunt, in the order of opening."""
    found: dict[str, StreamRecord] = {}
    for entry in history:
        match entry:
            case Opened() if entry.hunt == hunt:
                found[entry.connection] = StreamRecord(entry)
            case Greeted() if entry.connection in found:
                found[entry.connection].greeted = entry
            case Reset() if entry.connection in found:
                found[entry.connection].reset = entry
            case Received() if entry.connection in found:
                found[entry.connection].received.append(entry)
            case Closed() if entry.connection in found:
                found[entry.connection].closed = entry
            case _:
                pass
    return list(found.values())


def listeners(streams: Iterable[StreamRecord]) -> dict[str, list[StreamRecord]]:
    """Return the connections of each listener, in order."""
    found: dict[str, list[StreamRecord]] = {}
    for stream in streams:
        found.setdefault(stream.opened.listener, []).append(stream)
    return found
