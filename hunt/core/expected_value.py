"""The expected value of a click by position: a grid over the map, and the best position."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import starmap
from operator import itemgetter

from msgspec import Struct

from hunt.core.definition import Definition, Prize
from hunt.core.maps import Map
from hunt.core.odds import chance

#: Cells along the longer side of the map.
CELLS = 120


class Grid(Struct, frozen=True):
    """Expected values at the centres of equal cells of the map."""

    columns: int
    rows: int
    values: list[
        float
    ]  #: row by row, from the smallest ``x`` and ``y``; limits and stock are ignored
    highest: float  #: highest value found, at `best`
    best: tuple[float, float]  #: position of the highest value


def worth(definition: Definition, costs: Mapping[str, float]) -> tuple[str, dict[str, float]]:
    """Return what a unit of each prize counts, and the name of that measure.

    Args:
        definition: The hunt.
        costs: Cost of one unit, by prize.  Without any, points count; without points, each
            prize counts 1.
    """
    if costs:
        return "value", {each.id: costs.get(each.id, 0.0) for each in definition.prizes}
    if any(each.points for each in definition.prizes):
        return "points", {each.id: float(each.points) for each in definition.prizes}
    return "chance to win", {each.id: 1.0 for each in definition.prizes}


def located(definition: Definition) -> list[tuple[Prize, tuple[float, float]]]:
    """Return the prizes with a position, and the position of each."""
    return [
        (each, each.odds.at) for each in definition.prizes if not isinstance(each.odds, float | int)
    ]


def proportions(on: Map) -> tuple[float, float]:
    """Return width and height of a picture of a map; in degrees, as at its middle latitude."""
    shrunk = math.cos(math.radians((on.south + on.north) / 2)) if on.is_degrees else 1.0
    return (on.east - on.west) * max(shrunk, 0.01), on.north - on.south


def grid(definition: Definition, values: Mapping[str, float]) -> Grid:
    """Return the expected value of a click all over the map.

    The centres of peaks and areas are examined, too, because the best position is one of
    them or near to one.

    Args:
        definition: The hunt.
        values: Value of a unit of each prize.
    """
    prizes = [each for each in definition.prizes if not each.first and values[each.id]]

    def value(x: float, y: float) -> float:
        return sum(values[each.id] * chance(each, definition.map, x, y) for each in prizes)

    on = definition.map
    wide, high = proportions(on)
    columns = max(round(CELLS * wide / max(wide, high)), 1)
    rows = max(round(CELLS * high / max(wide, high)), 1)
    width, height = (on.east - on.west) / columns, (on.north - on.south) / rows
    centres = [
        (on.west + (column + 0.5) * width, on.south + (row + 0.5) * height)
        for row in range(rows)
        for column in range(columns)
    ]
    found = list(starmap(value, centres))
    peaks = [(value(*at), at) for _, at in located(definition)]
    highest, best = max([*peaks, *zip(found, centres, strict=True)], key=itemgetter(0))
    return Grid(columns, rows, found, highest, best)
