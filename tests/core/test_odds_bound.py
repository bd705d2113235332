"""Positions where the odds of prizes sum to more than 1."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from hunt.core.definition import Area, Peak, Prize
from hunt.core.odds import chance
from hunt.core.odds_bound import crowded

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
    assert crowded(prizes(*caches), 1000, 1000) is None


def test_position_in_the_overlap_is_named() -> None:
    found = crowded(prizes(Area(0.6, (10, 10), 5), Area(0.6, (17, 10), 3)), 100, 100)
    assert found is not None
    x, y = found
    assert 14 <= x <= 15
    assert abs(y - 10) < 3


def test_odds_everywhere_add_to_those_of_an_area() -> None:
    assert crowded(prizes(0.2, Area(0.8, (5, 5), 1)), 10, 10) is None
    assert crowded(prizes(0.2, Area(0.81, (5, 5), 1)), 10, 10) is not None


def test_areas_that_touch_are_refused() -> None:
    assert crowded(prizes(Area(1, (3, 5), 2), Area(1, (7, 5), 2)), 10, 10) is not None


def test_peaks_far_apart_may_each_be_sure() -> None:
    peaks = [Peak(1.0, (100 * x, 100 * y), 5) for x, y in product(range(4), range(5))]
    assert crowded(prizes(*peaks), 400, 500) is None
    assert crowded(prizes(*peaks, Peak(0.01, (205, 200), 9)), 400, 500) is not None


def test_area_of_a_point_in_a_large_map_is_found() -> None:
    points = [Area(0.6, (123_456.5, 9_876.25), 0.001) for _ in range(2)]
    assert crowded(prizes(*points), 1e6, 1e6) is not None


@given(st.lists(ODDS, min_size=1, max_size=6))
def test_answer_agrees_with_a_grid_of_positions(odds: list[float | Peak | Area]) -> None:
    all_prizes = prizes(*odds)
    found = crowded(all_prizes, 20, 10)
    grid = product((x / 4 for x in range(81)), (y / 4 for y in range(41)))
    highest = max(sum(chance(each, x, y) for each in all_prizes) for x, y in grid)
    if found is None:
        assert highest <= 1 + 2e-9
    else:
        near = sum(chance(each, *found) for each in all_prizes)
        assert near > 1 or highest > 1 - 0.35, "refused although nothing is near one"
