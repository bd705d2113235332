"""The rule that decides who gets which prize, one case after the other.

``tests/store/test_grants.py`` compares it with the database on many random hunts.
"""

from __future__ import annotations

import math
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
SHELL = replace(COIN, id="shell")
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


def test_stock_that_was_lost_is_used_up() -> None:
    plan = (Step(OPENS, 2), Step(OPENS + HOUR, 4))
    grants = hunt(replace(COIN, stock=4, release=plan, void=True, overflow="shell"), SHELL)
    found = settled(grants, *[("coin", "ada", 1)] * 3)
    assert found == ["coin", "coin", "shell"], "two were lost before"


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


def test_first_click_after_a_moment_counts_against_the_wins_of_its_period() -> None:
    flash = replace(COIN, id="flash", first=True, release=(Step(OPENS, 9),))
    grants = hunt(flash, max_wins=Quota(1, "hour"))
    clicks = [(None, "ada", 0.1), (None, "ada", 0.2), (None, "bob", 0.3), (None, "ada", 1)]
    assert settled(grants, *clicks) == ["flash", None, "flash", "flash"]


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
    almost = OPENS + 3 * HOUR - timedelta(milliseconds=500)
    assert not grants.attempt("ada", almost, (1, 0)), "half a second too early"


def test_speed_limit_counts_parts_of_a_second_and_allows_for_rounding() -> None:
    grants = Grants(replace(HUNT, max_speed=2.0))
    second = timedelta(seconds=1)
    assert grants.attempt("ada", OPENS, (0, 0))
    assert grants.wait("ada", OPENS + second / 2, (1.5, 0)) == 0.25
    assert grants.wait("ada", OPENS + second, (1.5, 0)) == 0
    assert grants.wait("ada", OPENS + second, (2.1, 0)) > 0
    assert grants.wait("ada", OPENS + second, (2.1, 0), rounding=0.1) == 0
    assert not grants.attempt("ada", OPENS + second, (2.1, 0))
    assert grants.attempt("ada", OPENS + second, (2.1, 0), rounding=0.1)


def test_speed_limit_of_a_next_version_does_not_count_from_clicks_before() -> None:
    before = replace(HUNT, cooldown=60.0)
    grants = Grants(before)
    assert grants.attempt("ada", OPENS, (0, 0))
    after = following(before, grants, ("ada", 0, False), max_speed=0.001)
    assert after.wait("ada", OPENS + HOUR, (9, 9)) == 0


def test_grants_of_a_prize_to_a_player_are_limited() -> None:
    clicks = [("coin", "ada", 0)] * 4
    assert settled(hunt(replace(COIN, per_player=3)), *clicks) == ["coin"] * 3 + [None]


def test_verifier_may_stretch_the_area_of_a_prize_for_the_first_click() -> None:
    area = Area(1.0, (5, 5), 2)
    grants = hunt(replace(COIN, first=True, release=(Step(OPENS, 1),), odds=area))
    for stretch, given in ((1.0, None), (0.9, "coin")):
        assert grants.decide(None, "ada", (5, 7.05), OPENS, stretch=stretch) == Given(given)


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


def following(
    before: Definition, played: Grants, *rows: tuple[str, float, bool], **changes: object
) -> Grants:
    """Return the grants of the next version, after rows (player, hours after the opening, won)."""
    after = Grants(replace(before, **changes))  # type: ignore[arg-type]
    after.continue_from(played, [(player, OPENS + at * HOUR, won) for player, at, won in rows])
    return after


def test_next_version_keeps_the_counts() -> None:
    before = replace(
        HUNT,
        prizes=(replace(COIN, stock=3, per_player=1),),
        cooldown=60.0,
        attempts=Quota(3, "hour"),
    )
    grants = Grants(before)
    assert grants.attempt("ada", OPENS, (5, 5))
    assert settled(grants, ("coin", "ada", 0)) == ["coin"]
    after = following(before, grants, ("ada", 0, True), title="Next")
    assert after.is_cooling("ada", OPENS)
    assert after.attempts("ada", OPENS) == 2
    clicks = [("coin", player, 0) for player in ("ada", "bob", "cy", "dan")]
    assert settled(after, *clicks) == [None, "coin", "coin", None]
    assert after.settle("coin", "dan", (5, 5), OPENS) == Given(None, "coin")


def test_next_version_keeps_the_wins_of_a_period() -> None:
    before = replace(HUNT, max_wins=Quota(2, "hour"))
    grants = Grants(before)
    settled(grants, ("coin", "ada", 0))
    after = following(before, grants, ("ada", 0, True), title="Next")
    assert settled(after, *[("coin", "ada", 0)] * 3) == ["coin", None, None]


def test_next_version_keeps_what_was_lost() -> None:
    plan = (Step(OPENS, 2), Step(OPENS + HOUR, 3))
    before = replace(HUNT, prizes=(replace(COIN, release=plan, void=True),))
    grants = Grants(before)
    settled(grants, (None, "ada", 1))
    assert following(before, grants, title="Next").voided["coin"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"attempts": Quota(9, "day"), "max_wins": Quota(3, "day")},
        {"max_wins": Quota(3, "day")},
        {"attempts": Quota(9, "day")},
        {"timezone": "Asia/Kolkata"},  # half an hour off
    ],
    ids=["both", "wins", "attempts", "time zone"],
)
def test_limits_of_other_periods_are_counted_again_from_the_log(changes: dict[str, object]) -> None:
    before = replace(HUNT, attempts=Quota(9, "hour"), max_wins=Quota(3, "hour"))
    grants = Grants(before)
    for _ in range(5):
        assert grants.attempt("ada", OPENS, (5, 5))
    settled(grants, *[("coin", "ada", 0)] * 3)
    rows = [("ada", 0, True), ("ada", 0, True), ("bob", 0, True), ("ada", 0, False)]
    after = following(before, grants, *rows, **changes)
    assert after.attempts("ada", OPENS) == 6
    assert after.attempts("bob", OPENS) == 8
    assert settled(after, *[("coin", "ada", 0)] * 2) == ["coin", None]


def test_limits_that_a_version_drops_are_not_counted() -> None:
    before = replace(HUNT, attempts=Quota(1, "hour"), max_wins=Quota(1, "hour"))
    after = following(before, Grants(before), ("ada", 0, True), attempts=None, max_wins=None)
    assert after.attempts("ada", OPENS) == math.inf
    assert settled(after, ("coin", "ada", 0)) == ["coin"]


def test_retired_prize_may_be_drawn_but_no_step_releases_it() -> None:
    shell = replace(COIN, id="shell", stock=1)
    pin = replace(COIN, id="pin", stock=1, release=(Step(OPENS, 1),))
    before = replace(HUNT, prizes=(COIN, shell, pin))
    after = following(before, Grants(before), prizes=(replace(COIN, stock=0),))
    assert settled(after, ("shell", "ada", 0), ("shell", "ada", 0)) == ["shell", None]
    assert after.settle("pin", "ada", (5, 5), OPENS + HOUR) == Given(None)
    assert after.settle("coin", "ada", (5, 5), OPENS) == Given(None, "coin"), "the new definition"


@pytest.mark.parametrize(
    ("void", "granted", "at", "lost"),
    [
        (True, 0, 0.9, 0), (True, 0, 1, 1), (True, 1, 1.5, 0), (True, 0.9, 3, 1), (False, 0, 3, 0),
    ],
)  # fmt: skip
def test_unit_of_a_void_reward_is_lost_after_the_next_step(
    void: bool, granted: float, at: float, lost: int
) -> None:
    grants = hunt(replace(COIN, release=(Step(OPENS, 2), Step(OPENS + HOUR, 3)), void=void))
    grants.granted["coin"] = 2
    for left in (1, 0):
        grants.take_back("coin", OPENS + granted * HOUR, OPENS + at * HOUR)
        assert (grants.granted["coin"], grants.voided["coin"]) == (left, lost * (2 - left))


def test_rows_of_unknown_players_use_the_stock() -> None:
    grants = hunt(replace(COIN, release=(Step(OPENS, 2), Step(OPENS + HOUR, 4)), void=True))
    grants.record("coin", OPENS)
    grants.record(None, OPENS + HOUR)
    assert (grants.granted, grants.voided) == ({"coin": 1}, {"coin": 1})
    grants.record("coin", OPENS + HOUR)
    assert settled(grants, *[("coin", "ada", 1)] * 2) == ["coin", None]


def test_planned_grants_are_those_of_prizes_with_a_release_plan() -> None:
    plan = (Step(OPENS, 2), Step(OPENS + HOUR, 4))
    grants = hunt(
        COIN, replace(COIN, id="pin", release=plan), replace(COIN, id="gem", stock=3, release=plan)
    )
    assert grants.planned(OPENS) == {"pin": 2, "gem": 2}
    assert grants.planned(OPENS + HOUR) == {"pin": 4, "gem": 3}
