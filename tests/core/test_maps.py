"""Maps: their range, distances, and uniform positions."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core.maps import Map

BERLIN = Map(13.3, 52.4, 13.5, 52.6, "degrees")
PLANE = Map(-50, -20, 50, 20, "plane")
SHARES = st.floats(0, 1, exclude_max=True)


@given(SHARES, SHARES)
def test_uniform_position_is_on_the_map(u: float, v: float) -> None:
    for each in (BERLIN, PLANE, Map.sized(3, 7), Map(170, -90, 190, 90, "degrees")):
        assert each.contains(*each.at(u, v))


@pytest.mark.parametrize(
    ("on", "middle"),
    [
        (PLANE, (25.0, -10.0)),
        (Map.sized(4, 8), (3.0, 2.0)),
        # The sine of the latitude is uniform: a quarter of the way from -1 to 1 is -1/2.
        (Map(-180, -90, 180, 90, "degrees"), (90.0, -30.0)),
        (Map(0, 0, 4, 90, "degrees"), (3.0, 14.477512)),
    ],
)
def test_position_goes_from_west_to_east_and_from_south_to_north(
    on: Map, middle: tuple[float, float]
) -> None:
    assert on.at(0.75, 0.25) == pytest.approx(middle)
    assert on.at(0.0, 0.0) == pytest.approx((on.west, on.south))
    assert on.at(1 - 2**-53, 1 - 2**-53) == pytest.approx((on.east, on.north))


@pytest.mark.parametrize(
    ("x", "y", "squared"), [(3, 4, 0), (0, 5, 1), (10, 5, 25), (3, 1, 9), (3, 11, 25), (8, 9, 18)]
)
def test_box_of_a_plane_is_as_far_as_its_nearest_position(
    x: float, y: float, squared: float
) -> None:
    assert PLANE.squared_to_box(x, y, 1, 4, 5, 6) == squared


def test_equal_areas_of_the_sphere_are_equally_likely() -> None:
    source, whole = random.Random(3), Map(-180, -90, 180, 90, "degrees")
    tropics = sum(abs(whole.at(0.5, source.random())[1]) < 30 for _ in range(20_000))
    assert tropics / 20_000 == pytest.approx(0.5, abs=0.02)


def test_distance_is_in_metres_on_degrees_and_in_units_elsewhere() -> None:
    assert BERLIN.distance((13.4, 52.5), (13.4, 52.51)) == pytest.approx(1111.95, abs=0.01)
    assert PLANE.distance((-3, 0), (0, 4)) == Map.sized(9, 9).distance((0, 4), (3, 0)) == 5
    assert PLANE.squared(-3, 0, 0, 4) == 25


def test_map_of_a_size_begins_at_0() -> None:
    assert Map.sized(4, 8) == Map(0, 0, 4, 8, "size")


def test_edges_belong_to_the_map() -> None:
    assert PLANE.contains(-50, 20)
    for x, y in ((-50.1, 0), (50.1, 0), (0, -20.1), (0, 20.1), (float("nan"), 0)):
        assert not PLANE.contains(x, y)


def test_longer_side_of_a_box_in_degrees_is_compared_in_metres() -> None:
    north = Map(0, 60, 30, 80, "degrees")
    assert not north.is_wide(0, 60, 30, 80), "30 degrees of longitude are 15 of latitude there"
    assert PLANE.is_wide(0, 0, 30, 20)
    assert PLANE.is_wide(0, 0, 20, 20)
    assert not PLANE.is_wide(0, 0, 20, 21)
    assert not PLANE.is_wide(5, 1, 20, 19)
    assert not north.is_wide(10, 60, 30, 71)
    assert Map(0, -80, 30, -60, "degrees").is_wide(0, -61, 30, -60)
    assert Map(-9, -80, 9, 17, "degrees").is_wide(-9, -8, 9, 9), "as at the equator"


def test_longitude_is_wrapped_only_where_it_then_is_on_the_map() -> None:
    assert Map(170, 0, 190, 1, "degrees").wrapped(-175) == 185
    assert BERLIN.wrapped(-175) == -175
    assert [Map(170, 0, 190, 1, "degrees").wrapped(x) for x in (-190, -170, 170, -169)] == [
        170, 190, 170, -169,
    ]  # fmt: skip
    assert Map(170, 0, 190, 1, "plane").wrapped(-175) == -175
