"""A hunt: its definition, and its state in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from msgspec import Struct

from hunt.core import chain, fairness
from hunt.core.announcements import Announcement
from hunt.core.campaign import Campaign
from hunt.core.definition import Definition

#: As recorded in the database.  ``closed`` is final.
State = Literal["draft", "open", "paused", "closed"]

#: As shown: `State`, refined by the times of the definition.
Phase = Literal["draft", "waiting", "open", "paused", "closing", "closed"]


class Version(Struct, frozen=True):
    """One version of a definition, and the time from which it was in force."""

    version: int
    at: datetime  #: by the database's clock
    actor: str
    definition: Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """One hunt, as read from the store at `as_of`."""

    definition: Definition
    version: int  #: of the definition, >= 1
    state: State
    epoch: str  #: of the log; short, of ``[a-z0-9]``
    last_seq: int  #: of the log, >= 0
    seed: bytes = field(repr=False)  #: of the draws; secret until the hunt has ended
    first_share: bytes | None = field(default=None, repr=False)  #: of the seed; None: all of it
    second_share: bytes | None = field(default=None, repr=False)  #: None: there is none yet
    player_key: bytes | None = field(default=None, repr=False)  #: None in a hunt without a chain
    algorithm: int = 1  #: of draws and proof; see docs/reference/proof.md
    seal: str | None = None  #: hash of the latest seal, in hex
    stock_left: Mapping[str, int]  #: by prize, of those with a stock
    as_of: datetime  #: time of the read, by the database's clock
    ended_at: datetime | None = None  #: by the database's clock; None until it has ended
    announcement: Announcement | None = None  #: the last one
    campaign: Campaign | None = None  #: of which it is a door
    door: int | None = None  #: its number in the campaign
    codes: Mapping[str, int] = field(default_factory=dict)  #: loaded codes, by prize with codes

    @property
    def id(self) -> str:
        """The id of the definition."""
        return self.definition.id

    @property
    def commitment(self) -> str:
        """The SHA-256 of the seed, or of its first share, which is public from the start."""
        return fairness.commit(self.seed if self.first_share is None else self.first_share)

    @property
    def drawn_name(self) -> Callable[[str], str]:
        """The function of the name of a player with which clicks are drawn."""
        if self.player_key is None:
            return lambda player: player
        return chain.Pseudonyms(self.player_key).of

    @property
    def has_ended(self) -> bool:
        """Whether the end is recorded, so that the seed may be shown.

        The record is final and excludes every later commit.  A clock cannot replace it: a
        process does not know whether ``closes_at`` has been extended.
        """
        return self.state == "closed"

    def is_due(self, now: datetime) -> bool:
        """Return whether ``closes_at`` has passed and the end has yet to be recorded."""
        closes = self.definition.closes_at
        return self.state in {"open", "paused"} and closes is not None and closes <= now

    def phase(self, now: datetime) -> Phase:
        """Return the state to show; no decision depends on it.

        Args:
            now: The time by the database's clock.
        """
        if self.is_due(now):
            return "closing"
        opens = self.definition.opens_at
        if self.state == "open" and opens is not None and now < opens:
            return "waiting"
        return self.state
