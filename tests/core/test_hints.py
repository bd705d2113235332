"""Tests of the hints after a click without a prize."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core import hunt_file
from hunt.core.definition import Area, Peak, Prize
from hunt.core.hints import STEPS, Hints
from hunt.core.maps import Map
from hunt.errors import DefinitionError

MAP = Map.sized(300, 400)  # its diagonal is 500
PEAK = Prize("peak", "Peak", 0, Peak(0.5, (10, 20), 3), None, None)
AREA = Prize("area", "Area", 0, Area(0.5, (290, 380), 3), None, None)
EVEN = Prize("even", "Even", 0, 0.1, None, None)

NUMBERS = st.floats(0, 1)


@pytest.mark.parametrize(
    ("x", "step"),
    [(10, 0), (25, 0), (26, 1), (41, 1), (42, 2), (72, 2), (73, 3), (135, 3), (136, 4)],
)
def test_step_is_the_distance_as_a_share_of_the_diagonal(x: float, step: int) -> None:
    assert Hints([PEAK, EVEN], MAP).step(x, 20) == step


def test_nearest_place_counts_and_without_one_there_is_no_step() -> None:
    assert Hints([PEAK, AREA], MAP).step(290, 380) == 0
    assert Hints([PEAK], MAP).step(290, 380) == 4
    assert Hints([EVEN], MAP).step(1, 1) is None


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_positions_in_one_ring_cannot_be_told_apart(a: float, b: float, c: float, d: float) -> None:
    hints = Hints([PEAK], MAP)
    distances = [MAP.distance((x * 300, y * 400), (10, 20)) / 500 for x, y in ((a, b), (c, d))]
    rings = [sum(distance > step for step in STEPS) for distance in distances]
    found = [hints.step(x * 300, y * 400) for x, y in ((a, b), (c, d))]
    if not any(abs(distance - step) < 1e-9 for distance in distances for step in STEPS):
        assert found == rings


def test_hints_need_a_place() -> None:
    text = '[hunt]\nid="a"\ntitle="A"\nmap={width=1,height=1}\nhints="warmth"\n[[prize]]\nid="b"\n'
    text += 'title="B"\nodds='
    with pytest.raises(DefinitionError) as refused:
        hunt_file.parse(f"{text}0.5")
    assert "needs a prize with a place" in refused.value.errors["hunt.hints"]
    definition = hunt_file.parse(f"{text}{{ peak = 0.1, at = [0.5, 0.5], radius = 0.1 }}")
    assert definition.hints == "warmth"
    assert hunt_file.from_json(hunt_file.to_json(definition)) == definition
