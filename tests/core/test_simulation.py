from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest

from hunt.core.definition import Definition, Peak, Prize, Step
from hunt.core.intervals import mean, wilson
from hunt.core.maps import Map
from hunt.core.simulation import CrowdResult, Moment, Played, Players, Scenario, play


def played(*prizes: Prize, clicks: int = 20_000, players: int = 10) -> Played:
    hunt = Definition("harbour", "Harbour", Map.sized(100, 50), None, None, 0.0, prizes)
    source = random.Random(7)
    return play(
        hunt,
        Scenario(clicks=clicks, players=players),
        seed=source.randbytes(32),
        uniform=source.random,
    )


NINE = datetime(2026, 11, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_certain_prize_gives_exact_figures() -> None:
    coin = Prize("coin", "Coin", 5, 1.0, 3, None)
    gem = Prize(
        "gem", "Gem", 9, 0.0, None, None, release=(Step(NINE, 2), Step(NINE + HOUR / 60**3, 4)),
        void=True,
    )  # fmt: skip
    ends = NINE + HOUR
    hunt = Definition("h", "H", Map.sized(100, 50), NINE, ends, 0.0, (coin, gem))
    scenario = Scenario(clicks=10, players=10, costs={"coin": 2.5})
    found = play(hunt, scenario, seed=bytes(32), uniform=random.Random(7).random)
    [seconds] = found.sold_out.values()
    assert 0 < seconds < 3600
    assert found == Played(
        clicks=10,
        counted=10,
        drawn={"coin": 10, "gem": 0},
        granted={"coin": 3, "gem": 0},
        voided={"gem": 2},
        points=mean(15, 75, 10),
        payout=15,
        cost=7.5,
        players=Players(
            taking_part=10, winners=3, cooldown=0, no_attempts=0, too_far=0, refused=0, sold_out=7
        ),
        crowds={"uniform": CrowdResult(players=10, winners=3, clicks=10, grants=3, value=7.5)},
        sold_out={"coin": seconds},
        slices=[Moment(ends, 10, {"coin": 3, "gem": 0}, {"gem": 4})],
    )


def test_slices_have_their_own_clicks_and_all_grants_until_their_end() -> None:
    hunt = Definition("h", "H", Map.sized(9, 9), NINE, NINE + 3 * HOUR, 0.0, (
        Prize("coin", "Coin", 1, 1.0, None, None),
    ))  # fmt: skip
    found = play(
        hunt, Scenario(clicks=30, players=30), seed=bytes(32), uniform=random.Random(7).random
    )
    assert [each.until for each in found.slices] == [NINE + n * HOUR for n in (1, 2, 3)]
    clicks = [each.clicks for each in found.slices]
    assert [each.granted["coin"] for each in found.slices] == list(accumulate(clicks))
    assert (sum(clicks), found.sold_out) == (30, {})


def test_players_who_are_too_fast_are_counted_apart() -> None:
    hunt = Definition(
        "h", "H", Map.sized(1000, 1000), NINE, NINE + HOUR, 0.0, (), max_speed=1e-6
    )  # fmt: skip
    found = play(
        hunt, Scenario(clicks=60, players=20), seed=bytes(32), uniform=random.Random(7).random
    )
    assert (found.clicks, found.counted) == (60, 20)
    assert (found.players.taking_part, found.players.too_far, found.players.refused) == (20,) * 3
    assert (found.players.cooldown, found.players.no_attempts, found.players.winners) == (0,) * 3


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
