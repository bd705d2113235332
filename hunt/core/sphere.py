"""Distances on the earth, taken as a sphere, between positions in WGS 84 degrees.

A position is longitude and latitude.  Longitudes may exceed 180: they count on over the
180th meridian.  The SQL function ``hunt_distance`` computes the same, in the same order.
"""

from __future__ import annotations

from math import asin, atan2, cos, degrees, radians, sin, sqrt

#: Metres: the mean radius of the earth, (2a + b) / 3 of the ellipsoid (H. Moritz, "Geodetic
#: Reference System 1980", Journal of Geodesy 74, 2000).  The distance differs from that on
#: the ellipsoid by at most 0.6 %.
RADIUS = 6_371_008.8

#: Relative error, at most, of `_haversine`: a few roundings of numbers with 53 bits.
_ERROR = 1e-13


def half_chord(angle: float) -> float:
    """Return half the chord of an angle in degrees, on the unit circle.

    An angle below 1e-12, which is a tenth of a micrometre on the earth, counts as 0: the SQL
    function must not square smaller numbers.
    """
    return 0.0 if abs(angle) < 1e-12 else sin(radians(angle) / 2)


def _haversine(ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared sine of half the angle between two positions, 0 to 1.

    R. W. Sinnott, "Virtues of the Haversine", Sky & Telescope 68 (2), 1984.
    """
    up, along = half_chord(by - ay), half_chord(bx - ax)
    # The cosine of a latitude as the sine of its complement, as in SQL; see hunt_distance.sql.
    shrunk = sin(radians(90 - abs(ay))) * sin(radians(90 - abs(by)))
    return min(up * up + shrunk * (along * along), 1.0)


def distance(ax: float, ay: float, bx: float, by: float) -> float:
    """Return the distance between two positions, in metres."""
    return 2 * RADIUS * asin(sqrt(_haversine(ax, ay, bx, by)))


def latitudes(metres: float) -> float:
    """Return a difference of latitude, in degrees, beyond which a distance is larger."""
    return degrees(metres / RADIUS) * (1 + 1e-9)


def squared(ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared distance between two positions, in square metres."""
    found = distance(ax, ay, bx, by)
    return found * found


def squared_to_box(
    x: float, y: float, west: float, south: float, east: float, north: float
) -> float:
    """Return a lower bound of the squared distance from a position to those in a box.

    The bound is the minimum, less the rounding error.  At each latitude the nearest
    longitude is the one with the smallest difference.  Along its meridian the cosine of
    the angle is a sine curve of the latitude: its maximum in the box is at its peak, or at
    an edge.

    Args:
        x: Longitude of the position, in degrees.
        y: Latitude of the position, in degrees.
        west: Smallest longitude in the box.
        south: Smallest latitude.
        east: Largest longitude, at most 360 more than `west`.
        north: Largest latitude.
    """
    if (x - west) % 360 <= east - west:
        near = x
    else:
        near = min(west, east, key=lambda edge: abs(half_chord(edge - x)))
    peak = degrees(atan2(sin(radians(y)), cos(radians(y)) * cos(radians(near - x))))
    least = min(
        _haversine(x, y, near, each) for each in (south, north, min(max(peak, south), north))
    )
    found = 2 * RADIUS * asin(sqrt(least * (1 - _ERROR)))
    return found * found
