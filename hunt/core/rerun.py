"""The clicks of a finished hunt under other rules: what each of them would have got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from msgspec import Struct

from hunt.core import chain
from hunt.core.bundle import Batch, Entry, Line, Row, Start, definition_of
from hunt.core.definition import Definition, Even
from hunt.core.fairness import Draws
from hunt.core.grants import Grants
from hunt.core.odds import Odds
from hunt.errors import ProofError

#: Equal parts of the time, from the first click to the last, of which grants are reported.
PARTS = 12


class Recorded(Struct, frozen=True):
    """One row of the log."""

    at: datetime
    row: Row


class Played(Struct, frozen=True, kw_only=True):
    """A finished hunt, as its bundle has it."""

    seed: bytes  #: of the draws
    definition: Definition  #: the last version, with the number of codes as the stock
    rows: Sequence[Recorded]  #: by ascending seq; at least one

    @property
    def bounds(self) -> list[datetime]:
        """The ends of the parts of its time."""
        first, last = self.rows[0].at, self.rows[-1].at
        return [first + (last - first) * number / PARTS for number in range(1, PARTS + 1)]


class Outcome(Struct, kw_only=True):
    """The results of the clicks under one set of rules."""

    counted: int = 0  #: clicks that count
    points: int = 0
    winners: int = 0  #: players with at least one grant
    granted: dict[str, int]  #: by prize
    sold_out: dict[str, datetime]  #: when the last unit was granted, by prize
    parts: list[dict[str, int]]  #: grants up to the end of each part


def read(lines: Iterable[Line]) -> Played:
    """Return the hunt of a bundle; its chain is not verified.

    Raises:
        ProofError: It is no bundle, or a hunt without clicks.
    """
    seed: bytes | None = None
    definition: Definition | None = None
    rows: list[Recorded] = []
    for line in lines:
        match line:
            case Start():
                share = None if line.share is None else bytes.fromhex(line.share)
                seed = chain.joined_seed(bytes.fromhex(line.seed), share)
            case Entry(document={"kind": "seal"} as document, definition=dict() as found):
                counts = {prize: pool["count"] for prize, pool in document["codes"].items()}
                definition = stocked(definition_of(found), counts)
            case Batch():
                at = datetime.fromisoformat(line.at)
                rows.extend(Recorded(at, row) for row in line.rows)
    if seed is None or definition is None or not rows:
        raise ProofError("the file is no bundle of a hunt with clicks")
    return Played(seed=seed, definition=definition, rows=rows)


def stocked(definition: Definition, stocks: dict[str, int]) -> Definition:
    """Return a hunt with other stocks, and without codes."""
    prizes = (
        replace(each, stock=stocks.get(each.id, each.stock), codes=False)
        for each in definition.prizes
    )
    return replace(definition, prizes=tuple(prizes))


def evenly(definition: Definition) -> Definition:
    """Return a hunt that releases the stock of each drawn prize at an even rate."""
    prizes = (
        each if each.first or each.stock is None else replace(each, release=Even(), void=False)
        for each in definition.prizes
    )
    return replace(definition, prizes=tuple(prizes))


def as_played(played: Played) -> Outcome:
    """Return what the log says."""
    made = _Made(played, played.definition)
    for each in played.rows:
        made.count(each.at, each.row.player, each.row.prize, each.row.points)
    return made.finish()


def under(played: Played, definition: Definition) -> Outcome:
    """Return what the same clicks, at the same times, get under the rules of a definition.

    Clicks of erased players cannot be drawn again, and are left out.

    Args:
        played: The finished hunt.
        definition: The other rules; its prizes with codes must have a stock.
    """
    made = _Made(played, definition)
    draws, odds, grants = Draws(played.seed), Odds(definition), Grants(definition, played.seed)
    worth = {prize.id: prize.points for prize in definition.prizes}
    for each in played.rows:
        row, at = each.row, each.at
        if row.id is None or row.player is None or row.x is None or row.y is None:
            continue
        opens, closes = definition.opens_at, definition.closes_at
        place = row.x, row.y
        if (opens and at < opens) or (closes and closes <= at):
            continue
        if not definition.map.contains(*place) or grants.is_cooling(row.player, at):
            continue
        if not grants.attempt(row.player, at, place):
            continue
        drawn = odds.draw(*place, draws.uniform(row.id, row.player))
        given = grants.settle(None if drawn is None else drawn.id, row.player, place, at)
        made.count(at, row.player, given.prize, worth.get(given.prize or "", 0))
    return made.finish()


class _Made:
    """Collects an outcome, click by click."""

    def __init__(self, played: Played, definition: Definition) -> None:
        self._bounds = played.bounds
        self._stocks = {each.id: each.stock for each in definition.prizes}
        self._winners: set[str | None] = set()
        self._granted = Counter({each.id: 0 for each in definition.prizes})
        self._found = Outcome(granted={}, sold_out={}, parts=[])

    def count(self, at: datetime, player: str | None, prize: str | None, points: int) -> None:
        """Count a click, and what it got."""
        self._pass(at)
        found = self._found
        found.counted += 1
        if prize is None:
            return
        found.points += points
        self._winners.add(player)
        self._granted[prize] += 1
        if self._granted[prize] == self._stocks.get(prize):
            found.sold_out[prize] = at

    def _pass(self, at: datetime) -> None:
        parts = self._found.parts
        while len(parts) < PARTS and self._bounds[len(parts)] < at:
            parts.append(dict(self._granted))

    def finish(self) -> Outcome:
        """Return the outcome."""
        found = self._found
        while len(found.parts) < PARTS:
            found.parts.append(dict(self._granted))
        found.winners = len(self._winners)
        found.granted = dict(self._granted)
        return found
