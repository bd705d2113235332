"""Simulation of a hunt without a server: how often its prizes are drawn and granted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from hunt.core.definition import Definition
from hunt.core.fairness import Draws
from hunt.core.grants import Grants
from hunt.core.odds import Odds

#: When a hunt without `opens_at` opens.
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)

HOUR = timedelta(hours=1)

#: Hunts that last longer are reported by days, not by hours.
LONG = 48 * HOUR

#: Standard deviations on each side of a 95 % confidence interval.
Z = 1.959964


class Interval(Struct, frozen=True):
    """An estimate with its 95 % confidence interval."""

    estimate: float
    low: float
    high: float


class Slice(Struct, frozen=True):
    """A part of a simulated hunt: an hour, or a day of a long one."""

    until: datetime  #: its end
    clicks: int  #: clicks in it
    granted: dict[str, int]  #: grants up to its end, by prize
    planned: dict[str, int]  #: grants that the release plan allows by then, of prizes with one


class Played(Struct, frozen=True):
    """The result of a simulation."""

    clicks: int
    drawn: dict[str, int]  #: number of draws of each prize, in the hunt's order
    granted: dict[str, int]  #: number of these that stock and the players' limits allowed
    points: Interval  #: average points of one click
    winners: int  #: number of players who won a prize
    sold_out: dict[str, float]  #: seconds from the opening until the stock was used up, by prize
    slices: list[Slice]  #: in the order of time

    def chance(self, prize: str) -> Interval:
        """Return the estimated probability that a click draws `prize`."""
        return wilson(self.drawn[prize], self.clicks)


def play(
    definition: Definition,
    *,
    clicks: int,
    players: int,
    seed: bytes,
    uniform: Callable[[], float],
    curve: Sequence[float] = (1,),
) -> Played:
    """Let players click in turn at random positions of the map.

    The clicks are spread from `opens_at` to `closes_at`, or over one day.  Where times are used
    by no rule, they decide nothing.

    Args:
        definition: The hunt to simulate.
        clicks: Number of clicks, >= 1, of all players together.
        players: Number of players, >= 1.
        seed: Seed of the draws, 32 bytes.
        uniform: Returns a random number in [0, 1), for the positions.
        curve: Relative rates of clicks in equal parts of the hunt's time; each >= 0, their sum
            > 0.
    """
    draws, odds, grants = Draws(seed), Odds(definition), Grants(definition, seed)
    starts = definition.opens_at or UNDATED
    length = (definition.closes_at or starts + timedelta(days=1)) - starts
    worth = {prize.id: prize.points for prize in definition.prizes}
    names = [f"player-{number}" for number in range(players)]
    drawn: Counter[str] = Counter()
    points = squares = 0
    winners: set[str] = set()
    sold_out: dict[str, float] = {}
    recorder = _Recorder(definition, grants, starts, length)
    for number in range(clicks):
        player = names[number % players]
        position = definition.map.at(uniform(), uniform())
        at = starts + length * moment(number / clicks, curve)
        recorder.click(at)
        if not grants.attempt(player, at):
            continue
        prize = odds.draw(*position, draws.uniform(f"{number:032x}", player))
        if prize is not None:
            drawn[prize.id] += 1
        given = grants.settle(None if prize is None else prize.id, player, position, at)
        if given.sold_out is not None:
            sold_out.setdefault(given.sold_out, (at - starts).total_seconds())
        if given.prize is not None:
            winners.add(player)
            points += worth[given.prize]
            squares += worth[given.prize] ** 2
    ids = [prize.id for prize in definition.prizes]
    return Played(
        clicks,
        {each: drawn[each] for each in ids},
        {each: grants.granted[each] for each in ids},
        _mean(points, squares, clicks),
        len(winners),
        sold_out,
        recorder.finish(),
    )


def moment(share: float, curve: Sequence[float]) -> float:
    """Return the part of the time, 0 to 1, by which a share of all clicks has arrived.

    Args:
        share: Share of the clicks, 0 to 1.
        curve: Relative rates of clicks in equal parts of the time.
    """
    left = share * math.fsum(curve)
    for number, rate in enumerate(curve):
        if left < rate:
            return (number + left / rate) / len(curve)
        left -= rate
    return 1.0


class _Recorder:
    """Notes the grants at the end of each slice of time."""

    def __init__(
        self, definition: Definition, grants: Grants, starts: datetime, length: timedelta
    ) -> None:
        self._definition = definition
        self._grants = grants
        self._width = HOUR if length <= LONG else 24 * HOUR
        self._until = starts + self._width
        self._end = starts + length
        self._clicks = 0
        self._slices: list[Slice] = []

    def click(self, at: datetime) -> None:
        """Note a click, and each slice that has ended before it."""
        while at >= self._until < self._end:
            self._note(self._until)
            self._until += self._width
        self._clicks += 1

    def finish(self) -> list[Slice]:
        """Return all slices, the last one included."""
        while self._until < self._end:
            self._note(self._until)
            self._until += self._width
        self._note(self._end)
        return self._slices

    def _note(self, until: datetime) -> None:
        ids = [prize.id for prize in self._definition.prizes]
        granted = {each: self._grants.granted[each] for each in ids}
        self._slices.append(Slice(until, self._clicks, granted, self._grants.planned(until)))
        self._clicks = 0


def wilson(hits: int, tries: int) -> Interval:
    """Return the Wilson score interval of a probability (E. B. Wilson, 1927).

    Args:
        hits: Number of successes, 0 to `tries`.
        tries: Number of trials, >= 1.
    """
    share, spread = hits / tries, Z * Z / tries
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / tries + spread / (4 * tries))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def _mean(total: int, squares: int, number: int) -> Interval:
    mean = total / number
    variance = max(squares / number - mean * mean, 0.0)
    half = Z * math.sqrt(variance / number)
    return Interval(mean, mean - half, mean + half)
