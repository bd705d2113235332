"""A hunt played without a server: what its prizes give, by the code that draws them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from hunt.core.definition import Definition
from hunt.core.fairness import Draws
from hunt.core.odds import Odds

#: Standard deviations on each side of a 95 % confidence interval.
Z = 1.959964


class Interval(Struct, frozen=True):
    """An estimate, and where the truth is 95 times of a hundred."""

    estimate: float
    low: float
    high: float


class Played(Struct, frozen=True):
    """What came of it."""

    clicks: int
    drawn: dict[str, int]  #: by prize, in the hunt's order: draws that fell on it
    granted: dict[str, int]  #: of those, what stock and the players' limits allowed
    points: Interval  #: of one click, on average

    def chance(self, prize: str) -> Interval:
        """Return how likely a draw of `prize` is."""
        return wilson(self.drawn[prize], self.clicks)


def play(
    definition: Definition,
    *,
    clicks: int,
    players: int,
    seed: bytes,
    uniform: Callable[[], float],
) -> Played:
    """Let players click in turn, anywhere on the map.

    Args:
        definition: What is played.
        clicks: >= 1, of all players together.
        players: >= 1.
        seed: Of the draws, 32 bytes.
        uniform: Uniform in [0, 1), for the places.
    """
    draws, odds = Draws(seed), Odds(definition.prizes)
    names = [f"player-{number}" for number in range(players)]
    left = {prize.id: prize.stock for prize in definition.prizes if prize.stock is not None}
    own: Counter[tuple[str, str]] = Counter()
    drawn: Counter[str] = Counter({prize.id: 0 for prize in definition.prizes})
    granted: Counter[str] = Counter({prize.id: 0 for prize in definition.prizes})
    points = squares = 0
    for number in range(clicks):
        player = names[number % players]
        place = uniform() * definition.width, uniform() * definition.height
        prize = odds.draw(*place, draws.uniform(f"{number:032x}", player))
        if prize is None:
            continue
        drawn[prize.id] += 1
        # In the order of the commit: who is over the player's limit uses no stock.
        if prize.per_player is not None and own[player, prize.id] >= prize.per_player:
            continue
        if prize.stock is not None:
            if not left[prize.id]:
                continue
            left[prize.id] -= 1
        own[player, prize.id] += 1
        granted[prize.id] += 1
        points += prize.points
        squares += prize.points**2
    return Played(clicks, dict(drawn), dict(granted), _mean(points, squares, clicks))


def wilson(hits: int, tries: int) -> Interval:
    """Return the probability behind `hits` of `tries` (E. B. Wilson, 1927)."""
    share, spread = hits / tries, Z * Z / tries
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / tries + spread / (4 * tries))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def _mean(total: int, squares: int, number: int) -> Interval:
    mean = total / number
    variance = max(squares / number - mean * mean, 0.0)
    half = Z * math.sqrt(variance / number)
    return Interval(mean, mean - half, mean + half)
