"""A search for a position where the odds of all prizes sum to more than 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hunt.core.definition import Prize
from hunt.core.odds import highest

#: A sum may exceed 1 by this much, because odds are rounded numbers.
TOLERANCE = 1e-9

#: Rectangles to examine at most; a definition that needs more is refused.
_LIMIT = 50_000

#: Odds up to this are ignored, because a hundred of them are below the tolerance.
_NEGLIGIBLE = 1e-12


def crowded(prizes: Sequence[Prize], width: float, height: float) -> tuple[float, float] | None:
    """Return a position where the odds of all prizes sum to more than 1, or None.

    Divides the map into rectangles (branch and bound; A. H. Land and A. G. Doig, 1960).  A
    rectangle needs no further division if its upper bound is at most 1: the sum of each
    prize's highest odds in it.  The search ends at a centre where the sum exceeds 1.  It also
    ends after `_LIMIT` rectangles, when areas almost touch, with the last centre.

    Args:
        prizes: The prizes of a hunt.
        width: Width of the map, in map units.
        height: Height of the map, in map units.
    """
    x, y = width / 2, height / 2
    drawn = [prize for prize in prizes if not prize.first]
    if math.fsum(map(highest, drawn)) <= 1 + TOLERANCE:
        return None
    undecided = [((0.0, 0.0, width, height), drawn)]
    for _ in range(_LIMIT):
        if not undecided:
            return None
        (west, south, east, north), candidates = undecided.pop()
        near, total = _highest_in(candidates, west, south, east, north)
        if total <= 1 + TOLERANCE:
            continue
        x, y = (west + east) / 2, (south + north) / 2
        if _highest_in(near, x, y, x, y)[1] > 1 + TOLERANCE:
            break
        if east - west >= north - south:
            halves = (west, south, x, north), (x, south, east, north)
        else:
            halves = (west, south, east, y), (west, y, east, north)
        undecided += [(half, near) for half in halves]
    return x, y


def _highest_in(
    prizes: Sequence[Prize], west: float, south: float, east: float, north: float
) -> tuple[list[Prize], float]:
    """Return the prizes with odds in a rectangle, and the sum of the highest odds of each."""
    found, total = [], 0.0
    for prize in prizes:
        odds = prize.odds
        if isinstance(odds, float | int):
            chance = odds
        else:
            x, y = odds.at
            dx, dy = max(west - x, 0.0, x - east), max(south - y, 0.0, y - north)
            chance = odds.chance(dx * dx + dy * dy)
        if chance > _NEGLIGIBLE:
            found.append(prize)
            total += chance
    return found, total
