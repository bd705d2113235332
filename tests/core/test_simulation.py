from __future__ import annotations

import random

import pytest

from hunt.core.definition import Definition, Peak, Prize
from hunt.core.intervals import wilson
from hunt.core.maps import Map
from hunt.core.simulation import Played, Scenario, play


def played(*prizes: Prize, clicks: int = 20_000, players: int = 10) -> Played:
    hunt = Definition("harbour", "Harbour", Map.sized(100, 50), None, None, 0.0, prizes)
    source = random.Random(7)
    return play(
        hunt,
        Scenario(clicks=clicks, players=players),
        seed=source.randbytes(32),
        uniform=source.random,
    )


def test_interval_contains_the_odds_of_the_file() -> None:
    found = played(
        Prize("coin", "Coin", 5, 0.2, None, None), Prize("gem", "Gem", 9, 0.03, None, None)
    )
    for prize, odds in (("coin", 0.2), ("gem", 0.03)):
        chance = found.chance(prize)
        assert chance.low < odds < chance.high
        assert chance.high - chance.low < 0.02
    assert found.points.low < 5 * 0.2 + 9 * 0.03 < found.points.high
    assert found.granted == found.drawn


def test_peak_is_drawn_by_its_volume_and_zero_odds_never() -> None:
    found = played(
        Prize("chest", "Chest", 1, Peak(0.9, (50, 25), 3), None, None),
        Prize("unicorn", "Unicorn", 1, 0.0, None, None),
    )
    # The volume of the Gaussian over the map's area: 0.9 * 2 * pi * 3**2 / 5000.
    chance = found.chance("chest")
    assert chance.low < 0.01018 < chance.high
    assert (found.drawn["unicorn"], found.chance("unicorn").low) == (0, 0.0)


def test_click_over_the_players_limit_uses_no_stock() -> None:
    found = played(
        Prize("coin", "Coin", 5, 0.5, 30, None), Prize("gem", "Gem", 1, 0.5, 25, 2), players=10
    )
    assert (found.granted["coin"], found.granted["gem"]) == (30, 20)
    assert found.points.estimate == pytest.approx((30 * 5 + 20) / 20_000)


def test_interval_of_no_hit_and_of_all_hits() -> None:
    assert wilson(0, 100).low == 0 < wilson(0, 100).high < 0.04
    assert 0.96 < wilson(100, 100).low < wilson(100, 100).high <= 1


def test_simulation_tells_when_a_prize_is_sold_out_and_who_won() -> None:
    found = played(Prize("coin", "Coin", 5, 0.5, 30, None), clicks=2400, players=2400)
    assert found.players.winners == 30
    assert 0 < found.sold_out["coin"] < 3 * 3600
    assert len(found.slices) == 24
    assert sum(each.clicks for each in found.slices) == 2400
    assert found.slices[-1].planned == {}
