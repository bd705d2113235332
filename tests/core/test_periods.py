"""Calendar periods, and release plans of prizes."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from hunt.core import periods, rule_form
from hunt.core.definition import Definition, Even, Moments, Prize, Step
from hunt.core.form import Form
from hunt.core.maps import Map
from hunt.core.periods import ALWAYS, began, released, steps
from hunt.errors import DefinitionError

SEED = bytes(range(32))
OPENS = datetime(2026, 3, 28, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRIZE = Prize("coin", "Coin", 1, 0.1, 10, None)
HUNT = Definition("h", "Hunt", Map.sized(9, 9), OPENS, OPENS + 48 * HOUR, 0.0, (PRIZE,))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


#: The clocks of Berlin change at 2026-03-29T01:00Z, to +2, and at 2026-10-25T01:00Z, back to +1.
PERIODS = [
    ("hunt", "2026-03-29T12:00", ALWAYS),
    ("hour", "2026-03-29T00:59:59.999", at("2026-03-29T00:00")),
    ("hour", "2026-03-29T01:00", at("2026-03-29T01:00")),
    ("hour", "2026-10-25T00:30", at("2026-10-25T00:00")),
    ("hour", "2026-10-25T01:30", at("2026-10-25T01:00")),
    ("day", "2026-03-29T21:59:59.999", at("2026-03-28T23:00")),
    ("day", "2026-03-29T22:00", at("2026-03-29T22:00")),
    ("day", "2026-10-25T22:59", at("2026-10-24T22:00")),
    ("week", "2026-03-29T21:59", at("2026-03-22T23:00")),
    ("week", "2026-03-29T22:00", at("2026-03-29T22:00")),
]


@pytest.mark.parametrize(("per", "moment", "expected"), PERIODS)
def test_period_follows_the_calendar_of_its_zone(per: str, moment: str, expected: datetime) -> None:
    assert began(per, "Europe/Berlin", at(moment)) == expected  # type: ignore[arg-type]


def test_day_whose_first_hour_is_repeated_is_one_period() -> None:
    for moment in ("2026-11-01T04:30", "2026-11-01T05:30"):  # 00:30 in Havana, twice
        assert began("day", "America/Havana", at(moment)) == at("2026-11-01T04:00")


def test_hour_begins_at_the_hour_of_a_zone_with_minutes() -> None:
    assert began("hour", "Asia/Kathmandu", at("2026-05-01T10:20")) == at("2026-05-01T10:15")


def test_even_release_is_a_line_from_start_to_end() -> None:
    prize = replace(PRIZE, release=Even(), stock=10)
    allowed = [released(HUNT, prize, (), OPENS + 48 * HOUR * n / 10)[0] for n in range(10)]
    assert allowed == list(range(1, 11))
    assert released(HUNT, prize, (), OPENS - HOUR) == (0, 0)


def test_steps_allow_the_total_of_the_last_one() -> None:
    prize = replace(PRIZE, release=(Step(OPENS, 2), Step(OPENS + HOUR, 5)))
    plan = steps(HUNT, prize, SEED)
    assert plan == prize.release
    assert released(HUNT, prize, plan, OPENS - HOUR) == (0, 0)
    assert released(HUNT, prize, plan, OPENS) == (2, 0)
    assert released(HUNT, prize, plan, OPENS + HOUR) == (5, 2)


def test_prize_is_released_within_its_own_times() -> None:
    prize = replace(PRIZE, starts=OPENS + HOUR, until=OPENS + 2 * HOUR)
    allowed = [released(HUNT, prize, (), OPENS + hours * HOUR)[0] for hours in (0, 1, 1.5, 2)]
    assert allowed == [0, math.inf, math.inf, 0]


def test_moments_are_drawn_from_the_seed_between_start_and_end() -> None:
    prize = replace(PRIZE, release=Moments(1000), starts=OPENS + 24 * HOUR)
    plan = steps(HUNT, prize, SEED)
    assert [step.total for step in plan] == list(range(1, 1001))
    assert all(before.at < after.at for before, after in pairwise(plan))
    assert plan[0].at >= OPENS + 24 * HOUR
    assert plan[-1].at < OPENS + 48 * HOUR
    middle = sum(step.at < OPENS + 36 * HOUR for step in plan)
    assert 400 < middle < 600
    assert steps(HUNT, prize, bytes(32)) != plan
    assert steps(HUNT, replace(prize, id="other"), SEED) != plan


def test_moments_at_the_same_microsecond_stay_apart() -> None:
    hunt = replace(HUNT, closes_at=OPENS + timedelta(microseconds=2))
    plan = steps(hunt, replace(PRIZE, release=Moments(5)), SEED)
    assert len({step.at for step in plan}) == 5


def test_utc_needs_no_data_of_time_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(periods, "ZoneInfo", missing)
    monkeypatch.setattr(rule_form.zoneinfo, "ZoneInfo", missing)
    assert began("day", "UTC", at("2026-03-29T21:59")) == at("2026-03-29T00:00")
    form = Form()
    assert rule_form.timezone(form, "hunt.timezone", "UTC") == "UTC"
    form.finish()
    rule_form.timezone(form, "hunt.timezone", "Europe/Berlin")
    with pytest.raises(DefinitionError, match="tzdata must be installed"):
        form.finish()
