"""Unusual figures of a player."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core.anomalies import MOST, Figures, Window, anomalies, chance_of, judged

WINDOW = Window(clicks=10_000, wins=500, players=100)


def figures(**given: Any) -> Figures:
    usual: dict[str, Any] = {
        "player": "ada", "clicks": 200, "wins": 10, "intervals": 190, "active": 400.0,
        "mean": 2.0, "deviation": 1.0,
    }  # fmt: skip
    return Figures(**usual | given)


def test_usual_player_is_no_anomaly() -> None:
    assert judged(figures(), WINDOW) is None


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        pytest.param({"active": 190 / 6}, ["rate"], id="rate"),
        pytest.param({"active": 190 / 5.99}, None, id="rate of a quick person"),
        pytest.param({"active": 1.0, "intervals": 99}, None, id="few clicks"),
        pytest.param({"active": 1.0, "intervals": 100}, ["rate"], id="enough clicks"),
        pytest.param({"clicks": 15, "wins": 5}, None, id="few wins of few clicks"),
        pytest.param({"clicks": 2, "wins": 5}, ["wins"], id="enough wins"),
        pytest.param({"clicks": 5_000, "wins": 460}, ["wins"], id="half of all clicks"),
        pytest.param({"active": 0.0}, None, id="all clicks at once"),
        pytest.param({"deviation": 0.159}, ["regular"], id="regular"),
        pytest.param({"deviation": 0.16}, None, id="as irregular as a rhythm"),
        pytest.param({"deviation": 0.0, "intervals": 99}, None, id="few intervals"),
        pytest.param({"mean": 0.0, "deviation": 0.0}, None, id="no mean"),
        pytest.param({"mean": None, "deviation": None}, None, id="no intervals"),
        pytest.param({"wins": 40}, ["wins"], id="wins"),
        pytest.param({"wins": 25}, None, id="lucky"),
        pytest.param({"clicks": 4, "wins": 4}, None, id="few wins"),
        pytest.param({"clicks": 20, "wins": 0, "jumps": 3}, ["speed"], id="jumps"),
        pytest.param({"clicks": 20, "wins": 0, "jumps": 2}, None, id="one wrong position"),
        pytest.param({"clicks": 200, "jumps": 19}, None, id="some wrong positions"),
        pytest.param({"clicks": 6_000, "wins": 600}, None, id="no others to compare with"),
        pytest.param(
            {"active": 10.0, "deviation": 0.0, "wins": 60, "jumps": 150},
            ["rate", "regular", "wins", "speed"],
            id="all",
        ),
    ],
)
def test_unusual_figures_are_named(changed: dict[str, Any], reasons: list[str] | None) -> None:
    found = judged(figures(**changed), WINDOW)
    assert (None if found is None else found.reasons) == reasons


def test_share_of_wins_is_that_of_the_others() -> None:
    found = judged(figures(wins=60), WINDOW)
    assert found is not None
    assert found.expected_wins == pytest.approx(200 * 441 / 9_801)
    assert (found.player, found.clicks, found.wins) == ("ada", 200, 60)
    assert found.chance == chance_of(60, found.expected_wins)


def test_anomaly_has_all_figures() -> None:
    found = judged(figures(deviation=0.1, jumps=30, speed=90.0), WINDOW)
    assert found is not None
    assert found.reasons == ["regular", "speed"]
    assert (found.clicks, found.wins, found.intervals, found.jumps) == (200, 10, 190, 30)
    assert (found.rate, found.interval_mean, found.interval_cv) == (0.475, 2.0, 0.05)
    assert (found.speed, found.chance) == (90.0, chance_of(10, 200 * 491 / 9_801))


@given(wins=st.integers(0, 1000), expected=st.floats(0.001, 1000))
def test_chance_is_a_probability_and_falls_with_wins(wins: int, expected: float) -> None:
    assert 0 <= chance_of(wins + 1, expected) <= chance_of(wins, expected) <= 1


def test_chance_bounds_the_poisson_distribution() -> None:
    # P(X >= 12) with mean 3 is 7.1e-5; the bound is 4.8e-4.
    assert 7.1e-5 < chance_of(12, 3.0) < 4.9e-4


def test_players_with_most_reasons_come_first() -> None:
    players = [
        figures(player="b", deviation=0.0),
        figures(player="a", deviation=0.0),
        figures(player="both", deviation=0.0, active=10.0),
        figures(player="usual"),
        figures(player="most clicks", clicks=201, deviation=0.0),
        *(figures(player=f"z{number}", deviation=0.0) for number in range(MOST)),
    ]
    found = [each.player for each in anomalies(players, WINDOW)]
    assert found[:4] == ["both", "most clicks", "a", "b"]
    assert len(found) == MOST
