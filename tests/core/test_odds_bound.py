"""Positions where the odds of prizes sum to more than 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, product, starmap

from hypothesis import given
from hypothesis import strategies as st

from hunt.core.definition import Area, Peak, Prize
from hunt.core.maps import Map
from hunt.core.odds import chance
from hunt.core.odds_bound import crowded

MAP = Map.sized(20, 10)
POSITIONS = st.tuples(st.integers(0, 20), st.integers(0, 10))
CHANCES = st.sampled_from([0.1, 0.25, 0.4, 0.5, 0.75, 1.0])
LENGTHS = st.sampled_from([0.5, 1, 2, 5])
ODDS = (
    CHANCES
    | st.builds(Area, CHANCES, POSITIONS, LENGTHS)
    | st.builds(Peak, CHANCES, POSITIONS, LENGTHS)
)


def prizes(*odds: float | Peak | Area) -> list[Prize]:
    return [Prize(f"p{n}", "Prize", 1, each, None, None) for n, each in enumerate(odds)]


def test_finds_that_do_not_overlap_may_each_be_sure() -> None:
    caches = [Area(1.0, (100 * x, 100 * y), 49) for x, y in product(range(10), range(10))]
    assert crowded(prizes(*caches), Map.sized(1000, 1000)) is None


def test_position_in_the_overlap_is_named() -> None:
    found = crowded(prizes(Area(0.6, (10, 10), 5), Area(0.6, (17, 10), 3)), Map.sized(100, 100))
    assert found is not None
    x, y = found
    assert 14 <= x <= 15
    assert abs(y - 10) < 3


def test_odds_everywhere_add_to_those_of_an_area() -> None:
    assert crowded(prizes(0.2, Area(0.8, (5, 5), 1)), Map.sized(10, 10)) is None
    assert crowded(prizes(0.2, Area(0.81, (5, 5), 1)), Map.sized(10, 10)) is not None


def test_areas_that_touch_are_refused() -> None:
    assert crowded(prizes(Area(1, (3, 5), 2), Area(1, (7, 5), 2)), Map.sized(10, 10)) is not None


def test_peaks_far_apart_may_each_be_sure() -> None:
    peaks = [Peak(1.0, (100 * x, 100 * y), 5) for x, y in product(range(4), range(5))]
    assert crowded(prizes(*peaks), Map.sized(400, 500)) is None
    assert crowded(prizes(*peaks, Peak(0.01, (205, 200), 9)), Map.sized(400, 500)) is not None


def test_area_of_a_point_in_a_large_map_is_found() -> None:
    points = [Area(0.6, (123_456.5, 9_876.25), 0.001) for _ in range(2)]
    assert crowded(prizes(*points), Map.sized(1e6, 1e6)) is not None


CITY = Map(13.2, 52.3, 13.8, 52.7, "degrees")


def test_finds_in_degrees_that_do_not_overlap_may_each_be_sure() -> None:
    caches = [
        Area(1.0, (13.22 + 0.05 * x, 52.32 + 0.05 * y), 1600)
        for x, y in product(range(10), range(7))
    ]
    assert crowded(prizes(*caches), CITY) is None, "they are 3.4 km apart"
    assert crowded(prizes(*caches, Area(0.1, (13.24, 52.32), 300)), CITY) is not None


def test_area_over_the_180th_meridian_meets_another() -> None:
    both = prizes(Area(0.6, (179.999, 0.0), 200), Area(0.6, (180.001, 0.0), 200))
    assert crowded(both, Map(170, -10, 190, 10, "degrees")) is not None
    assert crowded(both, Map(-180, -10, 180, 10, "degrees")) is not None, "(-179.999, 0) is near"


def agrees(
    found: tuple[float, float] | None,
    among: list[Prize],
    on: Map,
    grid: Iterable[tuple[float, float]],
) -> None:
    """Compare an answer with the odds at positions of a grid."""

    def total(x: float, y: float) -> float:
        return sum(chance(each, on, x, y) for each in among)

    if found is None:
        assert max(starmap(total, grid)) <= 1 + 2e-9
    elif total(*found) <= 1:
        assert max(starmap(total, grid)) > 1 - 0.35, "refused although nothing is near one"


PLACES = st.tuples(st.floats(13.2, 13.8), st.floats(52.3, 52.7))
METRES = st.sampled_from([500.0, 2000.0, 5000.0])
IN_DEGREES = st.builds(Area, CHANCES, PLACES, METRES) | st.builds(Peak, CHANCES, PLACES, METRES)


def around(at: tuple[float, float], metres: float) -> Iterator[tuple[float, float]]:
    """Return a grid of positions in the city with a point in its middle."""
    (x, y), up = at, metres / 111_195
    for east, north in product(range(-4, 5), repeat=2):
        to = x + east / 4 * up / 0.61, y + north / 4 * up
        if CITY.contains(*to):
            yield to


@given(st.lists(IN_DEGREES, min_size=2, max_size=6))
def test_answer_in_degrees_agrees_with_a_grid_of_positions(odds: list[Peak | Area]) -> None:
    all_prizes = prizes(*odds)
    found = crowded(all_prizes, CITY)
    coarse = product((13.2 + 0.06 * x for x in range(11)), (52.3 + 0.04 * y for y in range(11)))
    fine = (
        around(each.at, each.within if isinstance(each, Area) else each.radius) for each in odds
    )
    agrees(found, all_prizes, CITY, chain(coarse, *fine))


@given(st.lists(ODDS, min_size=1, max_size=6))
def test_answer_agrees_with_a_grid_of_positions(odds: list[float | Peak | Area]) -> None:
    all_prizes = prizes(*odds)
    found = crowded(all_prizes, MAP)
    grid = product((x / 4 for x in range(81)), (y / 4 for y in range(41)))
    agrees(found, all_prizes, MAP, grid)
