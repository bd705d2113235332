"""Quantiles over several runs of a simulation."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.arrivals import Habits
from hunt.core.definition import Area, Definition, Even, Prize, Quota
from hunt.core.intervals import Band, band
from hunt.core.maps import Map
from hunt.core.simulation import Played, Scenario, play
from hunt.core.simulation_summary import deviation, summarise

NINE = datetime(2026, 11, 1, 9, tzinfo=UTC)


def played(definition: Definition, scenario: Scenario, runs: int = 1) -> list[Played]:
    source = random.Random(7)
    return [
        play(definition, scenario, seed=source.randbytes(32), uniform=source.random)
        for _ in range(runs)
    ]


def hunt(*prizes: Prize, attempts: Quota | None = None, cooldown: float = 0.0) -> Definition:
    ends = NINE + timedelta(hours=4)
    return Definition(
        "harbour", "Harbour", Map.sized(100, 50), NINE, ends, cooldown, prizes, attempts=attempts
    )


def test_summary_has_the_quantiles_of_the_runs() -> None:
    definition = hunt(
        Prize("coin", "Coin", 5, 0.2, 60, None),
        Prize("gem", "Gem", 9, 0.01, 2, None, release=Even()),
    )
    scenario = Scenario(clicks=400, players=400, costs={"coin": 2.5})
    runs = played(definition, scenario, 9)
    found = summarise(definition, runs, 400)
    coin, gem = found.prizes
    times = sorted(each.sold_out["coin"] for each in runs)
    assert coin.sold_out is not None
    assert (coin.sold_out.p50, coin.sold_out_runs) == (times[4], 1)
    assert coin.sold_out.p5 < coin.sold_out.p50 < coin.sold_out.p95
    assert coin.granted == Band(60, 60, 60)
    assert coin.chance.low < 0.2 < coin.chance.high
    assert found.cost.p50 == 150
    assert (coin.off_plan, gem.off_plan) == (None, max(deviation("gem", each) for each in runs))
    assert [each.planned["gem"].p50 for each in found.slices] == [1, 1, 2, 2]
    assert found.slices[0].granted["coin"] == band(
        [each.slices[0].granted["coin"] for each in runs]
    )
    assert found.players.winners == pytest.approx(0.15, abs=0.02)


def test_players_who_meet_a_refusal_are_counted_once() -> None:
    definition = hunt(Prize("coin", "Coin", 5, 0.5, 1, None), attempts=Quota(2, "hunt"))
    (found,) = played(definition, Scenario(clicks=60, players=20))
    assert (found.clicks, found.counted) == (60, 40)
    assert (found.players.no_attempts, found.players.refused) == (20, 20)
    assert found.players.cooldown == 0
    assert 0 < found.players.sold_out < 20
    assert found.chance("coin").low < 0.5 < found.chance("coin").high


def test_impatient_players_meet_the_cooldown() -> None:
    definition = hunt(Prize("coin", "Coin", 5, 0.5, None, None), cooldown=60)
    for impatient, refused in ((True, 20), (False, 0)):
        habits = Habits(visit=3, pause=1, impatient=impatient)
        (found,) = played(definition, Scenario(clicks=60, players=20, habits=habits))
        assert (found.players.cooldown, found.players.refused) == (refused, refused)
        assert found.counted == (20 if impatient else 60)


def test_bots_take_what_is_hidden() -> None:
    definition = hunt(Prize("gem", "Gem", 9, Area(1, (70, 10), 1), 50, None))
    scenario = Scenario(clicks=2000, players=200, crowd={"uniform": 0.9, "bots": 0.1})
    (found,) = played(definition, scenario)
    assert found.crowds.keys() == {"uniform", "bots"}
    assert found.crowds["bots"].players == 20
    assert found.crowds["bots"].grants >= 48
    assert found.crowds["bots"].value == 9 * found.crowds["bots"].grants
    assert sum(each.clicks for each in found.crowds.values()) == 2000
