"""Streaks of a player over the doors of a campaign."""

from __future__ import annotations

import pytest

from hunt.core.streaks import DoorPlayed, Streak, streak

#: Letter -> a door: P played, p played and still open, m missed, o not played yet.
DOORS = {
    "P": DoorPlayed(is_open=False, counts=True),
    "p": DoorPlayed(is_open=True, counts=True),
    "m": DoorPlayed(is_open=False, counts=False),
    "o": DoorPlayed(is_open=True, counts=False),
}


@pytest.mark.parametrize(
    ("doors", "current", "longest"),
    [
        ("", 0, 0),
        ("P", 1, 1),
        ("m", 0, 0),
        ("o", 0, 0),
        ("PPp", 3, 3),
        ("PPo", 2, 2),  # today's door breaks nothing yet
        ("PPoo", 2, 2),
        ("PPm", 0, 2),
        ("PPmo", 0, 2),
        ("PPmp", 1, 2),
        ("PPmPPP", 3, 3),
        ("PPop", 1, 2),  # becomes 4 once the third door is played
        ("PPpp", 4, 4),
        ("mPPPmPPo", 2, 3),
    ],
)
def test_streak(doors: str, current: int, longest: int) -> None:
    assert streak(DOORS[each] for each in doors) == Streak(current, longest)
