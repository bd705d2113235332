"""Simulation of a hunt without a server: how often its prizes are drawn and granted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from hunt.core.definition import Definition
from hunt.core.fairness import Draws
from hunt.core.grants import Grants
from hunt.core.odds import Odds

#: When a hunt without `opens_at` opens.
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)

#: Standard deviations on each side of a 95 % confidence interval.
Z = 1.959964


class Interval(Struct, frozen=True):
    """An estimate with its 95 % confidence interval."""

    estimate: float
    low: float
    high: float


class Played(Struct, frozen=True):
    """The result of a simulation."""

    clicks: int
    drawn: dict[str, int]  #: number of draws of each prize, in the hunt's order
    granted: dict[str, int]  #: number of these that stock and the players' limits allowed
    points: Interval  #: average points of one click

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
) -> Played:
    """Let players click in turn at random positions of the map, at an even rate.

    The clicks are spread from `opens_at` to `closes_at`, or over one day.

    Args:
        definition: The hunt to simulate.
        clicks: Number of clicks, >= 1, of all players together.
        players: Number of players, >= 1.
        seed: Seed of the draws, 32 bytes.
        uniform: Returns a random number in [0, 1), for the positions.
    """
    draws, odds, grants = Draws(seed), Odds(definition.prizes), Grants(definition, seed)
    starts = definition.opens_at or UNDATED
    length = (definition.closes_at or starts + timedelta(days=1)) - starts
    worth = {prize.id: prize.points for prize in definition.prizes}
    names = [f"player-{number}" for number in range(players)]
    drawn: Counter[str] = Counter()
    points = squares = 0
    for number in range(clicks):
        player = names[number % players]
        position = uniform() * definition.width, uniform() * definition.height
        at = starts + length * (number / clicks)
        if not grants.attempt(player, at):
            continue
        prize = odds.draw(*position, draws.uniform(f"{number:032x}", player))
        if prize is not None:
            drawn[prize.id] += 1
        given = grants.settle(None if prize is None else prize.id, player, position, at).prize
        if given is not None:
            points += worth[given]
            squares += worth[given] ** 2
    ids = [prize.id for prize in definition.prizes]
    return Played(
        clicks,
        {each: drawn[each] for each in ids},
        {each: grants.granted[each] for each in ids},
        _mean(points, squares, clicks),
    )


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
