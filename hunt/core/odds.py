"""The chance of each prize for a click, and the draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hunt.core.definition import Peak, Prize


def chance(prize: Prize, x: float, y: float) -> float:
    """Return the probability, 0 to 1, of `prize` for a click at (`x`, `y`)."""
    odds = prize.odds
    if not isinstance(odds, Peak):
        return odds
    squared = (x - odds.at[0]) ** 2 + (y - odds.at[1]) ** 2
    return odds.peak * math.exp(-squared / (2 * odds.radius**2))


def draw(prizes: Sequence[Prize], x: float, y: float, uniform: float) -> Prize | None:
    """Return what a click wins, or None.

    The chances are laid end to end from 0, in the order of `prizes`; `uniform`
    falls on one of them, or behind them all.

    Args:
        prizes: Of the hunt; their odds sum to at most 1, peaks taken at their peak.
        x: Map units.
        y: Map units.
        uniform: The random number, in [0, 1).
    """
    edge = 0.0
    for prize in prizes:
        edge += chance(prize, x, y)
        if uniform < edge:
            return prize
    return None
