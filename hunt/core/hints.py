"""Hints: how near a click without a prize was to a secret place, in five steps."""

from __future__ import annotations

from collections.abc import Sequence

from hunt.core.definition import Prize
from hunt.core.maps import Map, Position

#: Largest distances of the steps 0 (burning hot) to 3 (cool), as shares of the map's diagonal;
#: step 4 (cold) is everything beyond.
STEPS = (1 / 32, 1 / 16, 1 / 8, 1 / 4)


class Hints:
    """The steps of a hunt.

    Args:
        prizes: Prizes that can be won now; those without a place do not matter.
        on: The map.
    """

    def __init__(self, prizes: Sequence[Prize], on: Map) -> None:
        self._squared = on.squared
        self._places: list[Position] = [
            prize.odds.at for prize in prizes if not isinstance(prize.odds, float | int)
        ]
        diagonal = on.distance((on.west, on.south), (on.east, on.north))
        self._limits = [(diagonal * step) ** 2 for step in STEPS]

    def step(self, x: float, y: float) -> int | None:
        """Return the step of a position, 0 to 4; None without a place."""
        if not self._places:
            return None
        nearest = min(self._squared(x, y, *place) for place in self._places)
        return sum(nearest > limit for limit in self._limits)
