"""Maps of hunts: the range of positions, and distances on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import asin, cos, degrees, radians, sin, sqrt
from typing import Literal

from hunt.core import sphere

#: ``size``: from 0 to a width and a height, ``y`` downwards on the page.  ``plane``: a range of
#: any numbers, ``y`` northwards.  ``degrees``: longitude and latitude, distances in metres.
Unit = Literal["size", "plane", "degrees"]

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Map:
    """The positions that a click may have; the edges belong to the map."""

    west: float  #: smallest ``x``
    south: float  #: smallest ``y``
    east: float  #: largest ``x``, more than `west`; in degrees at most 360 more
    north: float  #: largest ``y``, more than `south`
    unit: Unit = "size"

    @classmethod
    def sized(cls, width: float, height: float) -> Map:
        """Return a map from 0 to `width` and 0 to `height`."""
        return cls(0.0, 0.0, width, height)

    @property
    def is_degrees(self) -> bool:
        """Whether positions are WGS 84 degrees, and distances metres."""
        return self.unit == "degrees"

    def contains(self, x: float, y: float) -> bool:
        """Return whether a position is on the map."""
        return self.west <= x <= self.east and self.south <= y <= self.north

    @property
    def squared(self) -> Callable[[float, float, float, float], float]:
        """The function of the squared distance between two positions, given as four numbers."""
        return sphere.squared if self.is_degrees else _squared

    @property
    def squared_to_box(self) -> Callable[[float, float, float, float, float, float], float]:
        """The function of a lower bound of the squared distance from a position to a box.

        Its arguments are those of `hunt.core.sphere.squared_to_box`.
        """
        return sphere.squared_to_box if self.is_degrees else _squared_to_box

    def distance(self, a: Position, b: Position) -> float:
        """Return the distance between two positions: metres on the sphere, or map units."""
        return sphere.distance(*a, *b) if self.is_degrees else sqrt(_squared(*a, *b))

    def at(self, u: float, v: float) -> Position:
        """Return a position that is uniform on the map if both numbers are.

        On the sphere, equal areas have equal chances (Archimedes' cylinder).

        Args:
            u: Random number from west to east, in [0, 1).
            v: Random number from south to north, in [0, 1).
        """
        x = min(self.west + u * (self.east - self.west), self.east)
        if not self.is_degrees:
            return x, min(self.south + v * (self.north - self.south), self.north)
        low, high = sin(radians(self.south)), sin(radians(self.north))
        y = degrees(asin(min(max(low + v * (high - low), -1.0), 1.0)))
        return x, min(max(y, self.south), self.north)

    def wrapped(self, x: float) -> float:
        """Return a longitude as this map counts it: 360 more if only that is on the map."""
        return x + 360 if self.is_degrees and x < self.west <= x + 360 <= self.east else x

    def is_wide(self, west: float, south: float, east: float, north: float) -> bool:
        """Return whether a box on the map is longer from west to east than to the north."""
        if not self.is_degrees:
            return east - west >= north - south
        nearest = min(max(south, 0.0), north)  # to the equator, where the box is widest
        return (east - west) * cos(radians(nearest)) >= north - south


def _squared(ax: float, ay: float, bx: float, by: float) -> float:
    dx, dy = ax - bx, ay - by
    return dx * dx + dy * dy


def _squared_to_box(
    x: float, y: float, west: float, south: float, east: float, north: float
) -> float:
    dx, dy = max(west - x, 0.0, x - east), max(south - y, 0.0, y - north)
    return dx * dx + dy * dy
