from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.compression import compressed
from hunt.core.definition import Definition, Even, Moments, Per, Prize, Quota, Release, Step
from hunt.core.maps import Map

OPENS = datetime(2026, 12, 1, 8, tzinfo=UTC)
STARTS = datetime(2030, 1, 1, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
COIN = Prize("coin", "Coin", 5, 0.5, None, None)
HUNT = Definition("h", "Hunt", Map.sized(9, 9), OPENS, OPENS + 60 * HOUR, 0.0, (COIN,))


def test_times_and_speeds_run_faster() -> None:
    coin = replace(COIN, stock=3, starts=OPENS + HOUR, until=OPENS + 2 * HOUR)
    definition = replace(HUNT, cooldown=60.0, max_speed=2.0, prizes=(COIN, coin))
    found = compressed(definition, STARTS, pace=3600)
    assert (found.opens_at, found.closes_at) == (STARTS, STARTS + 60 * SECOND)
    assert (found.cooldown, found.max_speed) == (1 / 60, 7200)
    assert found.prizes == (COIN, replace(coin, starts=STARTS + SECOND, until=STARTS + 2 * SECOND))
    assert compressed(HUNT, STARTS, pace=2).max_speed is None


def test_stock_is_the_same_unless_it_is_scaled() -> None:
    prizes = tuple(replace(COIN, stock=stock) for stock in (0, 1, 400))
    for share, stocks in ((1.0, [0, 1, 400]), (0.01, [1, 1, 4])):
        found = compressed(replace(HUNT, prizes=prizes), STARTS, pace=1, share=share)
        assert [each.stock for each in found.prizes] == stocks


def test_hunt_without_times_lasts_a_day() -> None:
    found = compressed(replace(HUNT, opens_at=None, closes_at=None), STARTS, pace=24)
    assert (found.opens_at, found.closes_at) == (STARTS, STARTS + HOUR)


@pytest.mark.parametrize(
    ("per", "count"), [("hour", 120), ("day", 6), ("week", 2), ("hunt", 2)]
)  # of 60 hours
def test_quota_of_a_period_becomes_one_of_the_whole_hunt(per: Per, count: int) -> None:
    definition = replace(HUNT, attempts=Quota(2, per), max_wins=Quota(4, per))
    found = compressed(definition, STARTS, pace=2)
    assert (found.attempts, found.max_wins) == (Quota(count, "hunt"), Quota(2 * count, "hunt"))
    same = compressed(definition, STARTS, pace=1)
    assert (same.attempts, same.max_wins) == (definition.attempts, definition.max_wins)
    assert compressed(HUNT, STARTS, pace=2).attempts is None


@pytest.mark.parametrize(
    ("share", "stock", "moments", "steps"),
    [(1.0, 1, 9, (3, 10)), (0.5, 1, 4, (2, 5)), (0.01, 1, 1, (1, 1)), (4.0, 4, 36, (12, 40))],
)
def test_stocks_and_releases_are_scaled(
    share: float, stock: int, moments: int, steps: tuple[int, int]
) -> None:
    plan = (Step(OPENS, 3), Step(OPENS + HOUR, 10))
    releases: list[Release | None] = [None, Even(), Moments(9), plan]
    prizes = tuple(replace(COIN, stock=1, release=each) for each in releases)
    found = compressed(replace(HUNT, prizes=(COIN, *prizes)), STARTS, pace=60, share=share).prizes
    assert [each.stock for each in found] == [None, *[stock] * 4]
    later = tuple(Step(STARTS + 60 * n * SECOND, total) for n, total in enumerate(steps))
    assert [each.release for each in found] == [None, None, Even(), Moments(moments), later]
