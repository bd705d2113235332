"""The rule that decides who gets which prize, one case after the other.

``tests/store/test_grants.py`` compares it with the database on many random hunts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hunt.core.definition import Area, Definition, Even, Moments, Prize, Quota, Step
from hunt.core.grants import Given, Grants
from hunt.core.maps import Map
from hunt.core.periods import released

OPENS = datetime(2026, 12, 1, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
COIN = Prize("coin", "Coin", 5, 0.5, None, None)
HUNT = Definition("h", "Hunt", Map.sized(9, 9), OPENS, OPENS + 10 * HOUR, 0.0, (COIN,))


def settled(grants: Grants, *clicks: tuple[str | None, str, float]) -> list[str | None]:
    """Settle (drawn prize, player, hours after the opening) in turn; return the prizes."""
    return [grants.settle(drawn, who, (5, 5), OPENS + at * HOUR).prize for drawn, who, at in clicks]


def hunt(*prizes: Prize, max_wins: Quota | None = None) -> Grants:
    return Grants(replace(HUNT, prizes=prizes, max_wins=max_wins))


def test_stock_that_is_used_up_is_sold_out() -> None:
    grants = hunt(replace(COIN, stock=1))
    assert grants.settle("coin", "ada", (5, 5), OPENS) == Given("coin")
    assert grants.settle("coin", "bob", (5, 5), OPENS) == Given(None, "coin")
    assert grants.settle(None, "bob", (5, 5), OPENS) == Given(None)


def test_even_release_holds_the_stock_back() -> None:
    grants = hunt(replace(COIN, stock=10, release=Even()))
    found = settled(grants, *(("coin", "ada", n / 4) for n in range(40)))
    hours = [sum(each is not None for each in found[4 * n : 4 * n + 4]) for n in range(10)]
    assert hours == [1] * 10
    assert grants.settle("coin", "ada", (5, 5), OPENS + 9.9 * HOUR) == Given(None, "coin")


def test_held_back_prize_is_not_sold_out() -> None:
    grants = hunt(replace(COIN, stock=10, release=(Step(OPENS + HOUR, 10),)))
    assert grants.settle("coin", "ada", (5, 5), OPENS) == Given(None)


def test_carried_steps_add_up_and_void_ones_are_lost() -> None:
    plan = tuple(Step(OPENS + n * HOUR, 2 * n + 2) for n in range(3))
    late = [("coin", "ada", 2.0)] * 8
    assert settled(hunt(replace(COIN, release=plan)), *late).count("coin") == 6
    grants = hunt(replace(COIN, release=plan, void=True))
    assert settled(grants, *late).count("coin") == 2
    assert grants.voided["coin"] == 4


def test_first_click_after_a_moment_in_the_area_wins() -> None:
    area = Area(1.0, (5, 5), 2)
    first = replace(COIN, id="first", first=True, release=Moments(2), odds=area)
    grants = hunt(first)
    late = OPENS + 10 * HOUR
    assert grants.settle(None, "ada", (9, 9), late) == Given(None)
    assert grants.settle(None, "bob", (5, 7), late) == Given("first")
    assert grants.settle(None, "cy", (5, 5), late) == Given("first")
    assert grants.settle(None, "dan", (5, 5), late) == Given(None)


def test_draw_of_a_used_up_prize_overflows_once_it_is_sold_out() -> None:
    grants = hunt(
        replace(COIN, stock=1, overflow="shell"),
        replace(COIN, id="shell", stock=1, overflow="pin"),
        replace(COIN, id="pin", stock=1),
    )
    found = [grants.settle("coin", "ada", (5, 5), OPENS) for _ in range(4)]
    assert found == [Given("coin"), Given("shell"), Given("pin"), Given(None, "coin")]


def test_held_back_prize_does_not_overflow() -> None:
    grants = hunt(
        replace(COIN, stock=2, release=Even(), overflow="shell"), replace(COIN, id="shell")
    )
    assert settled(grants, ("coin", "ada", 0), ("coin", "ada", 0)) == ["coin", None]


def test_wins_of_all_prizes_are_limited_in_each_period() -> None:
    grants = hunt(COIN, replace(COIN, id="shell"), max_wins=Quota(1, "hour"))
    clicks = [("coin", "ada", 0.1), ("shell", "ada", 0.2), ("coin", "bob", 0.3), ("coin", "ada", 1)]
    assert settled(grants, *clicks) == ["coin", None, "coin", "coin"]


def test_draw_over_a_limit_uses_no_stock_and_does_not_overflow() -> None:
    grants = hunt(replace(COIN, stock=2, per_player=1, overflow="shell"), replace(COIN, id="shell"))
    clicks = [("coin", "ada", 0), ("coin", "ada", 0), ("coin", "bob", 0)]
    assert settled(grants, *clicks) == ["coin", None, "coin"]


def test_prize_is_granted_within_its_times() -> None:
    grants = hunt(replace(COIN, starts=OPENS + HOUR, until=OPENS + 2 * HOUR))
    clicks = [("coin", "ada", hours) for hours in (0, 1, 1.9, 2)]
    assert settled(grants, *clicks) == [None, "coin", "coin", None]


def test_attempts_are_counted_by_player_and_period() -> None:
    grants = Grants(replace(HUNT, attempts=Quota(2, "hour")))
    times = [("ada", 0), ("ada", 0.5), ("ada", 0.9), ("bob", 0.9), ("ada", 1)]
    counted = [grants.attempt(player, OPENS + at * HOUR, (0, 0)) for player, at in times]
    assert counted == [True, True, False, True, True]
    assert grants.attempts("ada", OPENS + HOUR) == 1


def test_speed_limit_counts_from_the_last_click_that_counted() -> None:
    grants = Grants(replace(HUNT, max_speed=1 / 3600))
    steps = [
        ("ada", 0, 0),
        ("ada", 1, 2),
        ("bob", 1, 5),
        ("ada", 2, 2),
        ("ada", 2, 2),
        ("ada", 2, 1),
    ]
    counted = [grants.attempt(who, OPENS + hour * HOUR, (x, 0)) for who, hour, x in steps]
    assert counted == [True, False, True, True, True, False]
    assert grants.wait("ada", OPENS + 2.5 * HOUR, (1, 0)) == 1800
    assert grants.wait("ada", OPENS - HOUR, (2, 0)) == 0, "a clock that was set back"


def test_plans_of_void_prizes_are_read_once_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[datetime] = []

    def counted(*arguments: Any) -> tuple[float, int]:
        read.append(arguments[-1])
        return released(*arguments)

    monkeypatch.setattr("hunt.core.grants.released", counted)
    plan = tuple(Step(OPENS + n * HOUR, 2 * n + 2) for n in range(3))
    grants = hunt(replace(COIN, release=plan, void=True))
    settled(grants, *((None, "ada", n / 100) for n in range(300)))
    assert read == [OPENS, OPENS + HOUR, OPENS + 2 * HOUR]
    assert grants.voided["coin"] == 4


def test_cooldown_begins_with_a_click_that_counts() -> None:
    grants = Grants(replace(HUNT, cooldown=60.0))
    assert not grants.is_cooling("ada", OPENS)
    assert grants.attempt("ada", OPENS, (5, 5))
    minute = timedelta(seconds=60)
    assert grants.is_cooling("ada", OPENS + minute - timedelta(microseconds=1))
    assert not grants.is_cooling("ada", OPENS + minute)
    assert not grants.is_cooling("bob", OPENS)


def test_plan_of_a_prize_stays_after_its_end() -> None:
    until = OPENS + 2 * HOUR
    grants = hunt(replace(COIN, stock=10, release=Even(), until=until))
    assert grants.planned(until - HOUR) == {"coin": 6}
    assert grants.planned(until) == grants.planned(until + HOUR) == {"coin": 10}
