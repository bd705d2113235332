"""What clients did, and what they were told, in the order in which they saw it.

A history is a list of entries.  Whoever plays a client appends them; nothing here
reads a clock or writes a file.  Times are seconds, by one clock for all clients
of a history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

#: ``ok``: 200, so it is in the log.  ``refused``: surely not recorded (429, 503 and
#: the 4xx of a click that cannot be taken).  ``unknown``: anything else, such as 504, a
#: reset, a timeout, or an answer that was never waited for.
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
    """A click that was sent once, and what came of it; a retry is another attempt."""

    sent: float
    answered: float  #: or given up
    hunt: str
    player: str
    click: str  #: its id
    verdict: Verdict
    status: int | None = None  #: of HTTP; None where there was no answer
    seq: int | None = None  #: this and the next three: of a verdict ``ok``
    prize: str | None = None
    points: int = 0
    duplicate: bool = False
    note: str = ""  #: for people, such as what broke


class Opened(_Entry, frozen=True, kw_only=True, tag="open"):
    """A connection of a stream, about to be made."""

    time: float
    hunt: str
    player: str
    listener: str  #: who has one connection after another, each resumed from the last
    connection: str  #: never used twice
    epoch: str | None = None  #: of `after`
    after: int | None = None  #: resume after this seq; None: not resumed


class Greeted(_Entry, frozen=True, kw_only=True, tag="hello"):
    """The first event of a stream; live from here, or from `Opened.after`."""

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
    seq: int  #: of the event's id
    click: str
    prize: str | None
    points: int


class Reset(_Entry, frozen=True, kw_only=True, tag="reset"):
    """The stream could not be resumed, and is live from its greeting."""

    time: float
    connection: str
    reason: str


class Closed(_Entry, frozen=True, kw_only=True, tag="close"):
    """The end of a connection, whoever made it."""

    time: float
    connection: str
    why: str = ""
    left: bool = False  #: the client will not come back, so it is owed nothing more


class Mark(_Entry, frozen=True, kw_only=True, tag="mark"):
    """Something that happened to all, such as a fault that begins."""

    time: float
    text: str


Entry = Attempt | Opened | Greeted | Received | Reset | Closed | Mark

_decode = msgspec.json.Decoder(Entry).decode
_encode = msgspec.json.encode


class History:
    """The entries of all clients, in the order in which they were added."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: list[Entry] = list(entries)

    def add(self, entry: Entry) -> None:
        """Append what a client has just seen."""
        self.entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def attempts(self, hunt: str) -> list[Attempt]:
        """Return the clicks of one hunt."""
        return [each for each in self.entries if isinstance(each, Attempt) and each.hunt == hunt]

    def encode(self) -> bytes:
        """Return it as lines of JSON."""
        return b"".join(_encode(entry) + b"\n" for entry in self.entries)

    @classmethod
    def decode(cls, lines: bytes) -> History:
        """Return the history that `encode` wrote.

        Raises:
            msgspec.DecodeError: It is none.
        """
        return cls(_decode(line) for line in lines.splitlines())
