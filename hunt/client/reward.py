"""What a server says of a click."""

from __future__ import annotations

import msgspec


class Reward(msgspec.Struct, frozen=True):
    """One row of a hunt's log, as its player sees it."""

    id: str  #: of the click
    seq: int  #: 1, 2, 3 ... within the hunt, in the order of the log
    prize: str | None  #: None where nothing was won
    points: int
    at: str  #: when it was settled; RFC 3339, UTC
    x: float = 0.0  #: of the click, in map units
    y: float = 0.0


class Answer(Reward, frozen=True):
    """The answer to a click: its reward, and whether that is an old one."""

    duplicate: bool = False  #: the click was settled before; this is its first outcome
