"""A history: the requests and observations of clients, in the order of observation.

Clients append entries; this module reads no clock and writes no file.  Times are seconds,
by one clock for all clients of a history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

#: ``ok``: status 200, so the click is in the log.  ``refused``: certainly not recorded, by
#: a refusal of `hunt.errors`.  ``unknown``: anything else, such as 504, a connection
#: reset, a timeout, or an answer that the client did not wait for.
Verdict = Literal["ok", "refused", "unknown"]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="what"):
    def __str__(self) -> str:
        """Return a line for a person to read."""
        time = next(iter(self.__struct_fields__))
        words = [f"{getattr(self, time):10.3f}", str(type(self).__struct_config__.tag)]
        for name in self.__struct_fields__[1:]:
            value = getattr(self, name)
            if value not in {None, "", False}:
                words.append(f"{name}={value}")
        return " ".join(words)


class Attempt(_Entry, frozen=True, kw_only=True, tag="click"):
    """One attempt to send a click; each retry is another attempt."""

    sent: float
    answered: float  #: time of the answer, or of giving up
    hunt: str
    player: str
    click: str  #: its id
    verdict: Verdict
    status: int | None = None  #: HTTP status; None without an answer
    seq: int | None = None  #: this and the next three fields: only if ``ok``
    prize: str | None = None
    points: int = 0
    duplicate: bool = False
    code: str | None = None  #: only if ``ok``, and the prize has codes
    upto: int | None = None  #: seq of the last row that the receipt covers
    head: str | None = None  #: head in the receipt, in hex
    note: str = ""  #: free text, such as an error


class Opened(_Entry, frozen=True, kw_only=True, tag="open"):
    """A stream is about to be opened."""

    time: float
    hunt: str
    player: str
    listener: str  #: a client with successive connections, each resuming after the last
    connection: str  #: never used twice
    epoch: str | None = None  #: epoch of `after`
    after: int | None = None  #: resume after this seq; None: not resumed


class Greeted(_Entry, frozen=True, kw_only=True, tag="hello"):
    """The ``hello`` of a stream; it is live from here, or from `Opened.after`."""

    time: float
    connection: str
    epoch: str
    seq: int
    resumed: bool


class Received(_Entry, frozen=True, kw_only=True, tag="reward"):
    """A reward on a stream."""

    time: float
    connection: str
    epoch: str
    seq: int  #: seq in the event id
    click: str
    prize: str | None
    points: int
    code: str | None = None  #: of a prize with codes


class Reset(_Entry, frozen=True, kw_only=True, tag="reset"):
    """The stream could not resume, and is live from its ``hello``."""

    time: float
    connection: str
    reason: str


class Closed(_Entry, frozen=True, kw_only=True, tag="close"):
    """The end of a connection, by either side."""

    time: float
    connection: str
    why: str = ""
    left: bool = False  #: the client will not reconnect, so no more rewards are due


class Mark(_Entry, frozen=True, kw_only=True, tag="mark"):
    """A global event, such as the start of a fault."""

    time: float
    text: str


class Public(_Entry, frozen=True, kw_only=True, tag="public"):
    """A text that is not for one player: wins of all players, a page, a log, metrics."""

    time: float
    where: str  #: in words, as "the stream of all wins"
    text: str


Entry = Attempt | Opened | Greeted | Received | Reset | Closed | Mark | Public

_decode = msgspec.json.Decoder(Entry).decode
_encode = msgspec.json.encode


class History:
    """The entries of all clients, in the order in which they were added."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: list[Entry] = list(entries)

    def add(self, entry: Entry) -> None:
        """Append an entry."""
        self.entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def attempts(self, hunt: str) -> list[Attempt]:
        """Return the attempts of clicks in one hunt."""
        return [each for each in self.entries if isinstance(each, Attempt) and each.hunt == hunt]

    def encode(self) -> bytes:
        """Return the history as JSON lines."""
        return b"".join(_encode(entry) + b"\n" for entry in self.entries)

    @classmethod
    def decode(cls, lines: bytes) -> History:
        """Return the history in JSON lines of `encode`.

        Raises:
            msgspec.DecodeError: A line is not an entry.
        """
        return cls(_decode(line) for line in lines.splitlines())
