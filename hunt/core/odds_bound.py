"""A search for a position where the odds of all prizes sum to more than 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hunt.core.definition import Prize
from hunt.core.maps import Map
from hunt.core.odds import chance, highest

#: A sum may exceed 1 by this much, because odds are rounded numbers.
TOLERANCE = 1e-9

#: Rectangles to examine at most; a definition that needs more is refused.
_LIMIT = 50_000

#: Odds up to this are ignored, because a hundred of them are below the tolerance.
_NEGLIGIBLE = 1e-12


def crowded(prizes: Sequence[Prize], on: Map) -> tuple[float, float] | None:
    """Return a position where the odds of all prizes sum to more than 1, or None.

    Divides the map into rectangles (branch and bound; A. H. Land and A. G. Doig, 1960).  A
    rectangle needs no further division if its upper bound is at most 1: the sum of each
    prize's highest odds in it.  The search ends at a centre where the sum exceeds 1.  It also
    ends after `_LIMIT` rectangles, when areas almost touch, with the last centre.

    Args:
        prizes: The prizes of a hunt.
        on: The map.
    """
    x, y = on.at(0.5, 0.5)
    drawn = [prize for prize in prizes if not prize.first]
    if math.fsum(map(highest, drawn)) <= 1 + TOLERANCE:
        return None
    undecided = [((on.west, on.south, on.east, on.north), drawn)]
    for _ in range(_LIMIT):
        if not undecided:
            return None
        (west, south, east, north), candidates = undecided.pop()
        near, total = _highest_in(candidates, on, west, south, east, north)
        if total <= 1 + TOLERANCE:
            continue
        x, y = (west + east) / 2, (south + north) / 2
        if math.fsum(chance(each, on, x, y) for each in near) > 1 + TOLERANCE:
            break
        if on.is_wide(west, south, east, north):
            halves = (west, south, x, north), (x, south, east, north)
        else:
            halves = (west, south, east, y), (west, y, east, north)
        undecided += [(half, near) for half in halves]
    return x, y


def _highest_in(
    prizes: Sequence[Prize], on: Map, west: float, south: float, east: float, north: float
) -> tuple[list[Prize], float]:
    """Return the prizes with odds in a rectangle, and the sum of the highest odds of each."""
    found, total = [], 0.0
    for prize in prizes:
        odds = prize.odds
        if isinstance(odds, float | int):
            most = odds
        else:
            most = odds.chance(on.squared_to_box(*odds.at, west, south, east, north))
        if most > _NEGLIGIBLE:
            found.append(prize)
            total += most
    return found, total
