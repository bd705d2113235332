"""When players of a simulation click."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.arrivals import Arrivals, Habits, moment
from hunt.core.definition import Definition
from hunt.core.maps import Map
from hunt.core.time_slices import TimeSpan

NINE = datetime(2026, 11, 1, 9, tzinfo=UTC)


def hunt(*, hours: float = 4, cooldown: float = 0.0) -> Definition:
    ends = NINE + timedelta(hours=hours)
    return Definition("harbour", "Harbour", Map.sized(9, 9), NINE, ends, cooldown, ())


def arrivals(definition: Definition, habits: Habits, *, clicks: int, players: int) -> Arrivals:
    uniform = random.Random(3).random
    return Arrivals(definition, habits, clicks=clicks, players=players, uniform=uniform)


def test_clicks_arrive_by_the_curve() -> None:
    assert [moment(each / 4, (1,)) for each in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert moment(0.5, (1, 3)) == pytest.approx(2 / 3)
    assert moment(0.5, (0, 1)) == 0.75
    habits = Habits(curve=(3, 0, 0, 1))
    hours = Counter(each.at.hour for each in arrivals(hunt(), habits, clicks=400, players=7))
    assert hours == {9: 300, 12: 100}


def test_visit_is_a_row_of_clicks_of_one_player() -> None:
    habits = Habits(visit=3, pause=2.5)
    found = [(each.at, each.player) for each in arrivals(hunt(), habits, clicks=7, players=2)]
    assert found == sorted(found)
    first = [at - NINE for at, player in found if player == 0][:3]
    assert first == [timedelta(), timedelta(seconds=2.5), timedelta(seconds=5)]
    assert Counter(player for _, player in found) == {0: 4, 1: 3}


def test_visit_ends_when_the_player_leaves() -> None:
    clicks = arrivals(hunt(), Habits(visit=5), clicks=10, players=2)
    seen = []
    for each in clicks:
        seen.append(each.player)
        each.left = 0
    assert seen == [0, 1]


def test_player_waits_for_the_cooldown() -> None:
    definition = hunt(cooldown=60)
    for impatient in (False, True):
        habits = Habits(visit=20, pause=1, impatient=impatient)
        last: dict[int, datetime] = {}
        early = 0
        for each in arrivals(definition, habits, clicks=400, players=4):
            until = last.get(each.player, NINE) + timedelta(seconds=60)
            early += each.player in last and each.at < until
            last[each.player] = each.at
            each.counted = True
        assert (early == 0) is not impatient


def test_impatient_player_does_not_wait_for_the_cooldown() -> None:
    habits = Habits(visit=3, pause=0.25, impatient=True)
    found = []
    for each in arrivals(hunt(cooldown=60), habits, clicks=3, players=1):
        each.counted = True
        found.append((each.at - NINE).total_seconds())
    assert found == [0, 0.25, 0.5]


def test_refused_click_begins_no_cooldown() -> None:
    clicks = arrivals(hunt(hours=1, cooldown=600), Habits(), clicks=12, players=1)
    assert [each.at - NINE for each in clicks] == [timedelta(minutes=5 * n) for n in range(12)]


def test_visit_goes_on_before_another_begins_at_the_same_time() -> None:
    habits = Habits(visit=2, pause=7200)
    found = [each.player for each in arrivals(hunt(hours=4), habits, clicks=4, players=2)]
    assert found == [0, 0, 1]


def test_click_put_off_beyond_the_end_is_left_out() -> None:
    definition = hunt(hours=1, cooldown=600)
    found = []
    for each in arrivals(definition, Habits(visit=4), clicks=40, players=1):
        each.counted = True
        found.append(each.at - NINE)
    assert found == [timedelta(minutes=10 * number) for number in range(6)]


def test_share_of_the_players_takes_part_in_each_hour() -> None:
    habits = Habits(returns=0.3)
    by_hour: dict[int, set[int]] = {}
    for each in arrivals(hunt(), habits, clicks=40_000, players=1000):
        by_hour.setdefault(each.at.hour, set()).add(each.player)
    assert [len(players) for players in by_hour.values()] == pytest.approx([300] * 4, abs=60)
    assert by_hour[9] != by_hour[10]
    assert not list(arrivals(hunt(), Habits(returns=0), clicks=9, players=9))


@pytest.mark.parametrize(("returns", "number", "clicks"), [(0.0, 0.0, 0), (0.5, 0.5, 0), (1, 2, 9)])
def test_player_takes_part_if_a_number_is_below_the_share(
    returns: float, number: float, clicks: int
) -> None:
    habits = Habits(returns=returns)
    found = Arrivals(hunt(), habits, clicks=9, players=9, uniform=lambda: number)
    assert len(list(found)) == clicks


def test_long_hunt_is_divided_into_days() -> None:
    assert (TimeSpan(hunt(hours=48)).by, TimeSpan(hunt(hours=49)).by) == ("hour", "day")
    days = TimeSpan(hunt(hours=60)).bounds()
    assert [(each - NINE) / timedelta(hours=1) for each in days] == [24, 48, 60]
    assert len(TimeSpan(hunt(hours=60), "hour").bounds()) == 60


def test_hunt_without_times_lasts_a_day() -> None:
    undated = Definition("harbour", "Harbour", Map.sized(9, 9), None, None, 0.0, ())
    assert TimeSpan(undated).length == timedelta(days=1)
    ends = Definition("harbour", "Harbour", Map.sized(9, 9), None, NINE, 0.0, ())
    assert TimeSpan(ends).starts == NINE - timedelta(days=1)
