"""Games without a server: `hunt.core` draws and settles one click after the other."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from hunt.core.definition import Definition
from hunt.core.fairness import Draws
from hunt.core.grants import Grants
from hunt.core.maps import Position
from hunt.core.odds import Odds


class Settled(NamedTuple):
    """The outcome of one click."""

    drawn: str | None  #: id of the prize that it drew
    prize: str | None  #: id of the prize that it got
    points: int
    sold_out: str | None  #: the drawn prize, if its stock was used up


class Game:
    """One hunt, played in the order of the calls.

    Args:
        definition: The hunt; its prizes with codes must have a stock.
        seed: The seed of the draws; 32 bytes.
    """

    def __init__(self, definition: Definition, seed: bytes) -> None:
        self._seed, self._draws = seed, Draws(seed)
        self._rows: list[tuple[str, datetime, bool]] = []
        self._grants: Grants | None = None
        self.change(definition)

    def change(self, definition: Definition) -> None:
        """Continue with another version of the hunt."""
        grants = Grants(definition, self._seed)
        if self._grants is not None:
            grants.continue_from(self._grants, self._rows)
        self._grants, self._odds = grants, Odds(definition)
        self._points = {prize.id: prize.points for prize in definition.prizes}

    def counts(self, player: str, place: Position, at: datetime) -> bool:
        """Return whether the limits of its player let a click count; count the attempt if so."""
        assert self._grants is not None
        if self._grants.is_cooling(player, at):
            return False
        return self._grants.attempt(player, at, place)

    def settle(self, click_id: str, player: str, place: Position, at: datetime) -> Settled:
        """Draw and settle a click that counts."""
        prize = self._odds.draw(*place, self._draws.uniform(click_id, player))
        drawn = None if prize is None else prize.id
        assert self._grants is not None
        won, sold_out = self._grants.settle(drawn, player, place, at)
        self._rows.append((player, at, won is not None))
        return Settled(drawn, won, self._points[won] if won else 0, sold_out)
