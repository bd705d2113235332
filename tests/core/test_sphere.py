"""Distances on the sphere, and their bounds within a box."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hunt.core import sphere

LONGITUDES = st.floats(-180, 540) | st.sampled_from([-180.0, 0.0, 90.0, 180.0, 360.0])
LATITUDES = st.floats(-90, 90) | st.sampled_from([-90.0, 0.0, 90.0])
SHARES = st.floats(0, 1)


def vector(x: float, y: float) -> tuple[float, float, float]:
    """Return a position as a unit vector."""
    longitude, latitude = math.radians(x), math.radians(y)
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )


def by_vectors(ax: float, ay: float, bx: float, by: float) -> float:
    """Return a distance by the angle between two vectors (W. Kahan's formula)."""
    a, b = vector(ax, ay), vector(bx, by)
    apart, together = math.dist(a, b), math.hypot(*map(sum, zip(a, b, strict=True)))
    return sphere.RADIUS * 2 * math.atan2(apart, together)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        pytest.param((0, 0), (0, 1), 111_195.08, id="a degree of latitude"),
        pytest.param((0, 60), (1, 60), 55_597.01, id="a degree of longitude at 60 degrees"),
        pytest.param((0, -90), (0, 90), 20_015_114.44, id="pole to pole"),
        pytest.param((17, 90), (-99, 90), 0.0, id="a pole has no longitude"),
        pytest.param((179.5, 0), (-179.5, 0), 111_195.08, id="over the 180th meridian"),
        pytest.param((179.5, 0), (180.5, 0), 111_195.08, id="counted on"),
        pytest.param((0, 0), (180, 0), 20_015_114.44, id="antipodes"),
    ],
)
def test_known_distances(a: tuple[float, float], b: tuple[float, float], metres: float) -> None:
    assert sphere.distance(*a, *b) == pytest.approx(metres, abs=0.01)
    assert sphere.squared(*a, *b) == pytest.approx(metres**2, rel=1e-6, abs=1e-6)


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
def test_haversine_agrees_with_the_angle_between_vectors(
    ax: float, ay: float, bx: float, by: float
) -> None:
    found = sphere.distance(ax, ay, bx, by)
    # Near the antipodes the haversine loses half of its digits: up to 0.3 m of 20,015 km.
    near_antipode = found > 0.999 * math.pi * sphere.RADIUS
    assert found == pytest.approx(
        by_vectors(ax, ay, bx, by), rel=1e-8, abs=0.3 if near_antipode else 1e-6
    )
    assert found == pytest.approx(
        sphere.distance(bx, by, ax, ay), abs=0.3 if near_antipode else 1e-6
    )


@given(LONGITUDES, LATITUDES, LONGITUDES, st.floats(0, 360), LATITUDES, LATITUDES, SHARES, SHARES)
def test_no_position_in_a_box_is_nearer_than_the_bound(
    x: float, y: float, west: float, width: float, a: float, b: float, u: float, v: float
) -> None:
    south, north = min(a, b), max(a, b)
    east = west + width
    assume(east - west <= 360)
    bound = sphere.squared_to_box(x, y, west, south, east, north)
    for across, up in ((u, v), (u, 0), (u, 1), (0, v), (1, v)):
        inside = min(west + across * width, east), min(south + up * (north - south), north)
        assert bound <= sphere.squared(x, y, *inside)


@given(LONGITUDES, LATITUDES, LONGITUDES, st.floats(0, 360), LATITUDES, LATITUDES)
def test_bound_is_the_distance_of_some_position(
    x: float, y: float, west: float, width: float, a: float, b: float
) -> None:
    south, north = min(a, b), max(a, b)
    bound = math.sqrt(sphere.squared_to_box(x, y, west, south, west + width, north))
    steps = 40
    edges = [
        (west + width * across / steps, south + (north - south) * up / steps)
        for across in range(steps + 1)
        for up in range(steps + 1)
    ]
    nearest = min(sphere.distance(x, y, *each) for each in edges)
    step = sphere.RADIUS * math.radians(max(width, north - south)) / steps
    assert nearest <= bound + step + 10, "near the antipodes, 1e-13 is 4 m"


@pytest.mark.parametrize("sign", [1, -1])
def test_tiny_angle_counts_as_zero(sign: int) -> None:
    assert sphere.half_chord(sign * 0.99e-12) == 0.0
    assert sphere.half_chord(sign * 1e-12) == pytest.approx(sign * 8.7266e-15, rel=1e-4, abs=0)
