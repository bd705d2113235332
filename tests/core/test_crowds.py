"""Positions of the clicks of a simulation, and the value of a click there."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from hunt.core.crowds import Crowd, Crowds
from hunt.core.definition import Area, Definition, Peak, Prize
from hunt.core.expected_value import grid, proportions, worth
from hunt.core.maps import Map

PRIZES = (
    Prize("coin", "Coin", 5, 0.2, None, None),
    Prize("chest", "Chest", 100, Peak(0.7, (30, 40), 3), None, None),
    Prize("gem", "Gem", 50, Area(0.5, (70, 10), 2), None, None),
)


def hunt(*prizes: Prize, on: Map = Map.sized(100, 50)) -> Definition:  # ruff: ignore[function-call-in-default-argument]
    return Definition("harbour", "Harbour", on, None, None, 0.0, prizes)


def crowds(definition: Definition, shares: dict[Crowd, float]) -> Crowds:
    uniform = random.Random(5).random
    return Crowds(definition, shares, spread=0.02, best=(30, 40), uniform=uniform)


def test_players_are_divided_by_the_shares() -> None:
    found = crowds(hunt(*PRIZES), {"uniform": 7, "hints": 2.5, "bots": 0.5})
    for first in (0, 5000):  # evenly over the numbers
        counts = Counter(found.of(player) for player in range(first, first + 1000))
        assert counts["uniform"] == pytest.approx(700, abs=10)
        assert counts["bots"] == pytest.approx(50, abs=5)
    assert found.of(11) == found.of(11)


def test_each_crowd_has_its_positions() -> None:
    found = crowds(hunt(*PRIZES), {"uniform": 1})
    anywhere = [found.position("uniform") for _ in range(2000)]
    assert sum(x < 50 for x, _ in anywhere) == pytest.approx(1000, abs=120)
    assert sum(y < 25 for _, y in anywhere) == pytest.approx(1000, abs=120)
    assert {found.position("bots") for _ in range(9)} == {(30, 40)}
    near = [found.position("hints") for _ in range(2000)]
    at_chest = [(x, y) for x, y in near if x < 50]
    assert len(at_chest) == pytest.approx(1000, abs=120)
    assert sum(x for x, _ in at_chest) / len(at_chest) == pytest.approx(30, abs=0.3)
    spread = sum((x - 30) ** 2 for x, _ in at_chest) / len(at_chest)
    assert spread == pytest.approx(2**2, rel=0.2)  # 0.02 of the width of 100
    assert all(0 <= x <= 100 and 0 <= y <= 50 for x, y in near)


def test_numbers_of_players_decide_on_their_crowds() -> None:
    found = crowds(hunt(*PRIZES), {"hints": 1, "uniform": 1, "bots": 2})
    assert [found.of(player) for player in range(6)] == [
        "uniform", "bots", "bots", "hints", "bots", "uniform"
    ]  # fmt: skip


def test_position_around_a_hint_is_a_normal_deviate_on_the_map() -> None:
    drawn = [0.5, 1 - math.exp(-2), 0.0]
    for turn, place in ((0.0, (34, 45)), (0.25, (30, 47)), (0.5, (26, 45)), (0.75, (30, 43))):
        drawn[2] = turn
        numbers = iter(drawn)
        on = Map(10, 20, 110, 70, "plane")
        chest = Prize("chest", "Chest", 100, Peak(0.7, (30, 45), 3), None, None)
        found = Crowds(
            hunt(PRIZES[0], chest, on=on), {"hints": 1}, spread=0.02, best=(0, 0),
            uniform=lambda numbers=numbers: next(numbers),  # type: ignore[misc]
        )  # fmt: skip
        assert found.position("hints") == pytest.approx(place)


def test_uniform_crowd_clicks_anywhere_also_with_hints() -> None:
    found = Crowds(hunt(*PRIZES), {"uniform": 1}, spread=0, best=(0, 0), uniform=lambda: 0.25)
    assert found.position("uniform") == (25, 12.5)
    assert found.position("hints") == (30, 40)


def test_crowds_without_positions_click_anywhere() -> None:
    found = crowds(hunt(PRIZES[0]), {"bots": 1})
    assert len({found.position(crowd) for crowd in ("bots", "hints") for _ in range(9)}) == 18


def test_best_position_is_that_of_the_highest_value() -> None:
    definition = hunt(*PRIZES)
    measure, points = worth(definition, {})
    found = grid(definition, points)
    assert (measure, found.best) == ("points", (30, 40))
    assert found.highest == pytest.approx(0.2 * 5 + 0.7 * 100)
    assert (found.columns, found.rows, len(found.values)) == (120, 60, 120 * 60)
    assert min(found.values) == pytest.approx(1)
    measure, costs = worth(definition, {"gem": 9})
    assert (measure, grid(definition, costs).best) == ("value", (70, 10))
    assert costs == {"coin": 0.0, "chest": 0.0, "gem": 9}
    measure, chances = worth(hunt(Prize("pin", "Pin", 0, 0.1, None, None)), {})
    assert (measure, chances) == ("chance to win", {"pin": 1.0})


@pytest.mark.parametrize(
    ("on", "columns", "rows"),
    [
        (Map(10, 20, 110, 70, "plane"), 120, 60),
        (Map(10, 20, 60, 120, "plane"), 60, 120),
        (Map(10, 20, 2010, 22, "plane"), 120, 1),
        (Map(10, 20, 12, 2020, "plane"), 1, 120),
    ],
)
def test_grid_has_the_values_at_the_centres_of_equal_cells(
    on: Map, columns: int, rows: int
) -> None:
    chest = Prize("chest", "Chest", 100, Peak(0.7, (on.east, on.north), 40), None, None)
    found = grid(hunt(PRIZES[0], chest, on=on), {"coin": 5.0, "chest": 100.0})
    assert (found.columns, found.rows) == (columns, rows)
    wide, high = (on.east - on.west) / columns, (on.north - on.south) / rows
    for row, column in ((0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)):
        x, y = on.west + (column + 0.5) * wide, on.south + (row + 0.5) * high
        squared = (x - on.east) ** 2 + (y - on.north) ** 2
        value = 1 + 70 * math.exp(-squared / (2 * 40 * 40))
        assert found.values[row * columns + column] == pytest.approx(value)
    assert len(found.values) == columns * rows
    assert (found.best, found.highest) == ((on.east, on.north), pytest.approx(71))


def test_best_position_may_be_the_centre_of_a_cell() -> None:
    overlapping = [Prize(f"p{x}", "P", 1, Area(0.4, (x, 10), 11), None, None) for x in (20, 40)]
    found = grid(hunt(*overlapping), {"p20": 1.0, "p40": 1.0})
    assert found.highest == pytest.approx(0.8)
    assert abs(found.best[0] - 30) < 1.5


def test_prize_of_the_first_click_has_no_expected_value() -> None:
    first = Prize("gem", "Gem", 50, Area(1, (70, 10), 2), 3, None, first=True)
    definition = hunt(PRIZES[0], first)
    assert grid(definition, worth(definition, {})[1]).highest == 1


def test_picture_of_a_map_in_degrees_has_its_proportions() -> None:
    wide, high = proportions(Map(10, 59, 12, 61, "degrees"))
    assert (wide, high) == (pytest.approx(1), 2)
    assert proportions(Map.sized(100, 50)) == (100, 50)
