"""Quantiles over several runs of a simulation."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from hunt.core.arrivals import Habits
from hunt.core.definition import Area, Definition, Even, Prize, Quota
from hunt.core.intervals import Band, Interval, band, mean, wilson
from hunt.core.maps import Map
from hunt.core.simulation import CrowdResult, Moment, Played, Players, Scenario, play
from hunt.core.simulation_summary import (
    Hour,
    PrizeSummary,
    Shares,
    Summary,
    deviation,
    summarise,
)

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


def by_hand(number: int) -> Played:
    """Return a run whose figures grow with its number."""
    return Played(
        clicks=10 * number,
        counted=8 * number,
        drawn={"coin": 4 * number, "gem": 2},
        granted={"coin": 3 * number, "gem": 1},
        voided={"gem": number},
        points=Interval(0, 0, 0),
        payout=15 * number,
        cost=2.5 * number,
        players=Players(
            taking_part=8, winners=number, cooldown=2, no_attempts=3, too_far=4, refused=5,
            sold_out=6,
        ),
        crowds={"uniform": CrowdResult(8, number, 10 * number, 3 * number, 1.5 * number)},
        sold_out={"coin": 60.0 * number} if number > 1 else {},
        slices=[Moment(NINE, 10 * number, {"gem": number}, {"gem": 4})],
    )  # fmt: skip


def test_summary_adds_up_the_runs() -> None:
    coin = Prize("coin", "Coin", 5, 0.2, 60, None)
    gem = Prize("gem", "Gem", 9, 0.01, 2, None, release=Even(), void=True)
    found = summarise(hunt(coin, gem), [by_hand(1), by_hand(2)], 20)
    assert found == Summary(
        runs=2,
        clicks=band([10, 20]),
        counted=band([8, 16]),
        points=mean(9 * 5 + 2 * 9, 9 * 25 + 2 * 81, 24),
        payout=band([15, 30]),
        cost=band([2.5, 5]),
        players=Shares(
            taking_part=16 / 40, winners=3 / 16, refused=10 / 16, cooldown=4 / 16,
            no_attempts=6 / 16, too_far=8 / 16, sold_out=12 / 16,
        ),
        crowds={"uniform": CrowdResult(16, 3, 30, 9, 4.5)},
        prizes=[
            PrizeSummary(
                "coin", wilson(12, 24), band([4, 8]), band([3, 6]), None, 60, band([120]), 0.5, None
            ),
            PrizeSummary(
                "gem", wilson(4, 24), band([2]), band([1]), band([1, 2]), 2, None, 0.0, 0.75
            ),
        ],
        slices=[Hour(NINE, band([10, 20]), {"gem": band([1, 2])}, {"gem": band([4])})],
    )  # fmt: skip


def test_deviation_is_relative_to_the_plan() -> None:
    run = by_hand(1)
    for counts, expected in (
        ([(2, 3)], 1 / 3),
        ([(4, 3)], 1 / 3),
        ([(3, 3), (1, 2)], 1 / 2),
        ([(7, 0)], 0.0),
    ):
        slices = [Moment(NINE, 1, {"gem": got}, {"gem": plan}) for got, plan in counts]
        assert deviation("gem", replace(run, slices=slices)) == pytest.approx(expected)


def test_run_without_a_counted_click_has_a_summary() -> None:
    run = replace(
        by_hand(1), counted=0, drawn={"coin": 0, "gem": 0}, granted={"coin": 0, "gem": 0},
        players=Players(*[0] * 7),
    )  # fmt: skip
    found = summarise(hunt(Prize("coin", "Coin", 5, 0.2, 60, None)), [run], 20)
    assert (found.points, found.prizes[0].chance) == (mean(0, 0, 1), wilson(0, 1))
    assert run.chance("coin") == wilson(0, 1)
    assert (found.players.taking_part, found.players.winners) == (1 / 20, 0)


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
