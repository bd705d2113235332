"""Chances of prizes, and the draw."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core.definition import Area, Definition, Peak, Prize
from hunt.core.maps import Map
from hunt.core.odds import Odds, chance, highest

COIN = Prize("coin", "Coin", 1, 0.25, None, None)
CHEST = Prize("chest", "Chest", 9, Peak(0.5, (40, 60), 8), None, None)
MAP = Map.sized(1000, 100)
HUNT = Definition("h", "Hunt", MAP, None, None, 0.0, (COIN, CHEST))


@pytest.mark.parametrize(
    ("uniform", "won"), [(0.0, COIN), (0.2499, COIN), (0.25, CHEST), (0.7499, CHEST), (0.75, None)]
)
def test_chances_are_adjacent_intervals(uniform: float, won: Prize | None) -> None:
    assert Odds(HUNT).draw(40, 60, uniform) is won


def test_squared_distance_is_stretched() -> None:
    for stretch, exponent in ((1, -0.5), (4, -2)):
        expected = pytest.approx(0.5 * math.exp(exponent))
        assert chance(CHEST, MAP, 40, 68, stretch) == expected, "one radius away"


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1, exclude_max=True))
def test_draw_follows_the_intervals(x: float, y: float, uniform: float) -> None:
    won = Odds(HUNT).draw(x, y, uniform)
    edge = 0.25 + chance(CHEST, MAP, x, y)
    assert won is (COIN if uniform < 0.25 else CHEST if uniform < edge else None)


@given(
    st.lists(st.floats(0, 0.1) | st.tuples(st.floats(0, 1), st.floats(0, 9)), max_size=8),
    st.floats(0, 9),
    st.floats(0, 1, exclude_max=True),
)
def test_draw_ends_early_without_another_result(
    odds: list[float | tuple[float, float]], x: float, uniform: float
) -> None:
    prizes = [
        Prize(f"p{n}", "Prize", 1, each, None, None)
        for n, each in enumerate(
            Peak(each[0], (each[1], 0), 1) if isinstance(each, tuple) else each for each in odds
        )
    ]
    edges = list(accumulate(chance(prize, MAP, x, 0) for prize in prizes))
    last = edges[-1] if edges else 0.0
    hunt = Odds(replace(HUNT, prizes=tuple(prizes)))
    for number in (uniform, last, max(last - 1e-12, 0.0)):
        won = [prize for prize, edge in zip(prizes, edges, strict=True) if number < edge]
        assert hunt.draw(x, 0, number) is (won[0] if won else None)


def test_peak_falls_off_as_a_gaussian() -> None:
    assert chance(CHEST, MAP, 40, 60) == 0.5
    assert chance(CHEST, MAP, 48, 60) == pytest.approx(0.5 * 0.60653, rel=1e-4)
    assert chance(CHEST, MAP, 0, 0) < 1e-6


def test_area_ends_at_its_edge() -> None:
    find = Prize("find", "Find", 9, Area(0.8, (40, 60), 5), None, None)
    assert chance(find, MAP, 43, 64) == highest(find) == 0.8
    assert chance(find, MAP, 43, 64.001) == 0.0


def test_sure_finds_side_by_side_are_each_found() -> None:
    finds = [Prize(f"p{n}", "Find", 1, Area(1.0, (10 * n, 5), 4), None, None) for n in range(20)]
    for n, find in enumerate(finds):
        assert Odds(replace(HUNT, prizes=tuple(finds))).draw(10 * n + 3, 5, 0.999999) is find
        assert Odds(replace(HUNT, prizes=tuple(finds))).draw(10 * n + 5, 5, 0.0) is None


@given(st.floats(13.3, 13.5), st.floats(52.4, 52.6), st.sampled_from([40.0, 700.0]))
def test_draw_in_degrees_skips_only_odds_of_zero(x: float, y: float, size: float) -> None:
    on = Map(13.3, 52.4, 13.5, 52.6, "degrees")
    for odds in (Area(1.0, (13.4, 52.5), size), Peak(1.0, (13.4, 52.5), size / 39)):
        prize = Prize("p", "Prize", 1, odds, None, None)
        drawn = Odds(replace(HUNT, map=on, prizes=(prize,))).draw(x, y, 0.0)
        assert (drawn is prize) == (chance(prize, on, x, y) > 0)


def test_reach_of_odds_in_degrees_is_kept_to_the_metre() -> None:
    on = Map(13.3, 52.4, 13.5, 52.6, "degrees")
    prize = Prize("p", "Prize", 1, Area(1.0, (13.4, 52.5), 1000.0), None, None)
    draw = Odds(replace(HUNT, map=on, prizes=(prize,))).draw
    metre = 1 / 111_195.08
    assert draw(13.4, 52.5 + 999.9 * metre, 0.0) is prize
    assert draw(13.4, 52.5 - 1000.1 * metre, 0.0) is None
