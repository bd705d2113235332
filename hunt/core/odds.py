"""The chance of each prize for a click, and the draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hunt.core.definition import Peak, Prize, highest


def chance(prize: Prize, x: float, y: float) -> float:
    """Return the probability, 0 to 1, of `prize` for a click at (`x`, `y`)."""
    odds = prize.odds
    if not isinstance(odds, Peak):
        return odds
    dx, dy = x - odds.at[0], y - odds.at[1]
    return odds.peak * math.exp(-(dx * dx + dy * dy) / (2 * odds.radius * odds.radius))


class Odds:
    """The prizes of a hunt, prepared for many draws.

    Args:
        prizes: All prizes; their highest odds sum to at most 1.
    """

    def __init__(self, prizes: Sequence[Prize]) -> None:
        self._prizes = [
            (prize, None if isinstance(prize.odds, Peak) else prize.odds) for prize in prizes
        ]
        self._highest = 0.0
        for prize in prizes:  # summed as `draw` does, so that rounding is the same
            self._highest += highest(prize)

    def draw(self, x: float, y: float, uniform: float) -> Prize | None:
        """Return the prize that a click draws, or None.

        The chances of the prizes are adjacent intervals from 0, in order.  The prize whose
        interval contains `uniform` is drawn.

        Args:
            x: Position in map units.
            y: Position in map units.
            uniform: Random number of the click, in [0, 1).
        """
        if uniform >= self._highest:
            return None
        edge = 0.0
        for prize, constant in self._prizes:
            edge += chance(prize, x, y) if constant is None else constant
            if uniform < edge:
                return prize
        return None
