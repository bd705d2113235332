"""The chance of each prize for a click, and the draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hunt.core import sphere
from hunt.core.definition import Definition, Prize
from hunt.core.maps import Map


def chance(prize: Prize, on: Map, x: float, y: float, stretch: float = 1.0) -> float:
    """Return the probability, 0 to 1, of `prize` for a click at (`x`, `y`) of a map.

    The squared distance is multiplied by `stretch`, for a verifier that allows for rounding.
    """
    odds = prize.odds
    if isinstance(odds, float | int):
        return odds
    return odds.chance(on.squared(x, y, *odds.at) * stretch)


def highest(prize: Prize) -> float:
    """Return the highest probability of `prize` on the map."""
    return prize.odds if isinstance(prize.odds, float | int) else prize.odds.highest


class Odds:
    """The prizes of a hunt, prepared for many draws.

    Args:
        definition: The hunt; the odds of its prizes sum to at most 1 at each position.
    """

    def __init__(self, definition: Definition) -> None:
        # The first click wins the others without a draw.
        prizes = [prize for prize in definition.prizes if not prize.first]
        self._highest = 0.0
        for prize in prizes:  # summed as `draw` does, so that rounding is the same
            self._highest += highest(prize)
        #: Prizes, the odds of each, and an upper bound of the sum of the odds after it.
        self._prizes = [
            (prize, _prepared(prize, definition.map), _at_most(prizes[number:]))
            for number, prize in enumerate(prizes, 1)
        ]

    def draw(self, x: float, y: float, uniform: float) -> Prize | None:
        """Return the prize that a click draws, or None.

        The chances of the prizes, in order, divide the range from 0 into adjacent intervals.
        The prize whose interval contains `uniform` is drawn.

        Args:
            x: Position of the click.
            y: Position of the click.
            uniform: Random number of the click, in [0, 1).
        """
        if uniform >= self._highest:
            return None
        edge = 0.0
        for prize, odds, rest in self._prizes:
            edge += odds if isinstance(odds, float) else odds(x, y)
            if uniform < edge:
                return prize
            if uniform >= edge + rest:
                return None
        return None


def _at_most(prizes: Sequence[Prize]) -> float:
    """Return an upper bound of the sum of the highest odds of prizes, despite rounding."""
    return sum(map(highest, prizes)) + 1e-9 if prizes else 0.0


def _prepared(prize: Prize, on: Map) -> float | Callable[[float, float], float]:
    """Return the probability of a prize: constant, or a function of the position."""
    if isinstance(prize.odds, float | int):
        return float(prize.odds)
    squared, odds, (at_x, at_y) = on.squared, prize.odds.chance, prize.odds.at
    if not on.is_degrees:
        return lambda x, y: odds(squared(x, y, at_x, at_y))
    # Most areas are far away, and comparing latitudes costs less than a haversine.
    band = sphere.latitudes(prize.odds.reach)
    return lambda x, y: 0.0 if abs(y - at_y) > band else odds(squared(x, y, at_x, at_y))
