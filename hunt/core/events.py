"""The forms of a click on its way to the log and back to its player.

They are msgspec structs: created in a fifth of the time of a frozen dataclass, and not
tracked by the cyclic garbage collector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct

from hunt.core.codes import Code
from hunt.errors import Refused


class Click(Struct, gc=False):
    """A click that is not yet in the log; drawn when its batch leaves for its commit."""

    id: str  #: UUID in its canonical form: 36 characters, lower case
    player: str  #: 1-64 of ``[A-Za-z0-9_.:-]``
    x: float  #: map units or degrees of longitude, on the map
    y: float  #: map units or degrees of latitude, on the map
    prize: str | None = None  #: prize of the draw, before stock and limits; None: no win
    points: int = 0  #: points of that prize; 0 without one
    pseudonym: str = ""  #: of the player in the hunt's chain: 32 hex digits; "" without a chain


def raw_ids(clicks: Sequence[Click]) -> bytes:
    """Return the ids of clicks, 16 bytes each."""
    return bytes.fromhex("".join([each.id for each in clicks]).replace("-", ""))


class Reward(Struct, frozen=True, gc=False):
    """One row of a hunt's log: durable and immutable."""

    seq: int  #: 1, 2, 3 ... within the hunt, in commit order, without gaps
    id: str  #: of the click
    player: str
    prize: str | None  #: None if nothing was won
    points: int  #: >= 0
    at: str  #: time of settlement; RFC 3339, UTC, as in ``2026-11-01T18:00:00.123456Z``
    x: float | None = 0.0  #: position of the click; shown to its player only
    y: float | None = 0.0  #: None, as x, once the player is erased
    sold_out: str | None = None  #: the prize that the click drew, if its stock was used up
    code: Code | None = None  #: for its player only; None where the prize has no codes
    state: str | None = None  #: of the prize: claimed, sent or void; None: granted, or no prize
    test: bool = False  #: of a test hunt: not fulfilled
    hint: int | None = None  #: 0 (near a place) to 4; only in answers to clicks without a prize


class Receipt(Struct, frozen=True, gc=False):
    """The head of a hunt's chain after a commit; its clicks share it."""

    upto: int  #: seq of the last row in the chain
    head: str  #: 64 hex digits


class Settlement(Struct, frozen=True, gc=False):
    """The answer to a click that is in the log."""

    status: ClassVar[int] = 200  #: of HTTP

    reward: Reward
    duplicate: bool  #: the click was sent before, and this is its first outcome
    receipt: Receipt | None = None  #: None in a hunt without a chain


#: The result of one click of a batch.  A refusal is returned, not raised: it concerns one
#: click, while the others of the batch are settled.
Outcome = Settlement | Refused


class Notice(Struct, frozen=True):
    """A notification of one commit, from any process."""

    hunt: str
    first: int  #: seq of the first new row
    last: int  #: seq of the last new row
    rewards: tuple[Reward, ...] | None  #: the rows; None: read them from the table
