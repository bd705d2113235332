"""Rewards and answers, as the server sends them."""

from __future__ import annotations

import msgspec


class Reward(msgspec.Struct, frozen=True):
    """One row of a hunt's log, in the form for its player."""

    id: str  #: id of the click
    seq: int  #: 1, 2, 3 ... within the hunt, in the order of the log
    prize: str | None  #: None if nothing was won
    points: int
    at: str  #: time of settlement; RFC 3339, UTC
    x: float = 0.0  #: position of the click, in map units
    y: float = 0.0
    sold_out: str | None = None  #: the prize that the click drew, if its stock was used up
    state: str | None = None  #: of the prize: claimed, sent or void; None: granted, or no prize
    code: str | None = None  #: the code of a prize with codes
    test: bool = False  #: it is of a test hunt: do not fulfil it


class Answer(Reward, frozen=True):
    """The answer to a click: its reward, and whether it is a repeat."""

    duplicate: bool = False  #: the click was settled before, and this is its first outcome
