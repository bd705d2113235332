"""The chance of each prize for a click, and the draw."""

from __future__ import annotations

from collections.abc import Sequence

from hunt.core.definition import Prize


def chance(prize: Prize, x: float, y: float) -> float:
    """Return the probability, 0 to 1, of `prize` for a click at (`x`, `y`)."""
    odds = prize.odds
    if isinstance(odds, float | int):
        return odds
    dx, dy = x - odds.at[0], y - odds.at[1]
    return odds.chance(dx * dx + dy * dy)


def highest(prize: Prize) -> float:
    """Return the highest probability of `prize` on the map."""
    return prize.odds if isinstance(prize.odds, float | int) else prize.odds.highest


class Odds:
    """The prizes of a hunt, prepared for many draws.

    Args:
        prizes: All prizes; their odds sum to at most 1 at each position.
    """

    def __init__(self, prizes: Sequence[Prize]) -> None:
        prizes = [prize for prize in prizes if not prize.first]  # these are won without a draw
        self._prizes = [
            (prize, prize.odds if isinstance(prize.odds, float | int) else None) for prize in prizes
        ]
        self._highest = 0.0
        for prize in prizes:  # summed as `draw` does, so that rounding is the same
            self._highest += highest(prize)

    def draw(self, x: float, y: float, uniform: float) -> Prize | None:
        """Return the prize that a click draws, or None.

        The chances of the prizes, in order, divide the range from 0 into adjacent intervals.
        The prize whose interval contains `uniform` is drawn.

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
