"""What happens to a click on its way from a player to the log and back to its player.

The classes of the hot path are msgspec's, which are made in a fifth of the time of
a frozen dataclass, and are not tracked by the cyclic collector.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from hunt.errors import Refused


class Click(Struct, frozen=True, gc=False):
    """A click that has been drawn, on its way to the log."""

    id: str  #: UUID in its canonical form: 36 characters, lower case
    player: str  #: 1-64 of ``[A-Za-z0-9_.:-]``
    x: float  #: map units, 0 to the map's width
    y: float  #: map units, 0 to the map's height
    prize: str | None  #: what the draw gave; stock and limits are settled by the store
    points: int  #: of that prize; 0 where there is none


class Reward(Struct, frozen=True, gc=False):
    """One row of a hunt's log: durable, and never to change."""

    seq: int  #: 1, 2, 3 ... within the hunt, in commit order, without gaps
    id: str  #: of the click
    player: str
    prize: str | None  #: None where nothing was won
    points: int  #: >= 0
    at: str  #: when it was settled; RFC 3339, UTC, as in ``2026-11-01T18:00:00.123456Z``
    x: float = 0.0  #: of the click, in map units; for its player only
    y: float = 0.0


class Settlement(Struct, frozen=True, gc=False):
    """The answer to a click that is in the log."""

    status: ClassVar[int] = 200  #: of HTTP

    reward: Reward
    duplicate: bool  #: its client is known to have sent it before; this is the first outcome


#: What becomes of one click of a batch. A refusal is a value here, not raised,
#: because it concerns one click while its neighbours are settled.
Outcome = Settlement | Refused


class Notice(Struct, frozen=True):
    """What the bus says of one commit, made by any process."""

    hunt: str
    first: int  #: seq of the first new row
    last: int  #: seq of the last new row
    rewards: tuple[Reward, ...] | None  #: the rows, where they are new here and fitted in
