"""Calendar periods in a time zone, and the release plan of a prize."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hunt.core.definition import Definition, Even, Moments, Per, Prize, Step
from hunt.core.fairness import Draws

#: Start of the period ``hunt``, before every click.
ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


def began(per: Per, timezone: str, at: datetime) -> datetime:
    """Return when the period that contains `at` began, as the SQL function `hunt_period` does.

    An hour that a change of clocks repeats is two periods; a day may have 23 or 25 hours.

    Args:
        per: The kind of period.
        timezone: IANA name of a time zone.
        at: A time with its offset.
    """
    if per == "hunt":
        return ALWAYS
    local = at.astimezone(UTC if timezone == "UTC" else ZoneInfo(timezone))
    if per == "hour":
        return at.astimezone(UTC) - timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if per == "week":
        day -= timedelta(days=local.weekday())
    return day.astimezone(UTC)


def steps(definition: Definition, prize: Prize, seed: bytes) -> tuple[Step, ...]:
    """Return the steps of a prize's release plan; empty where it has none, or an even one.

    A winning moment is a step of one grant.  The moments are secret, drawn from the seed:
    anyone can compute them once the hunt has ended.

    Args:
        definition: The hunt.
        prize: One of its prizes.
        seed: Seed of the hunt.
    """
    if isinstance(prize.release, tuple):
        return prize.release
    if not isinstance(prize.release, Moments):
        return ()
    starts, until = definition.period(prize)
    assert starts is not None
    assert until is not None
    draws, length = Draws(seed), until - starts
    times = sorted(
        starts + length * draws.uniform(f"{number:032x}", f"moment of {prize.id}")
        for number in range(prize.release.count)
    )
    unique: list[datetime] = []
    for at in times:  # two at the same microsecond would be one step
        last = unique[-1] if unique else starts - timedelta(microseconds=1)
        unique.append(max(at, last + timedelta(microseconds=1)))
    return tuple(Step(at, number) for number, at in enumerate(unique, 1))


def released(
    definition: Definition, prize: Prize, plan: Sequence[Step], at: datetime
) -> tuple[float, int]:
    """Return how many grants of a prize the plan allows at a time, and at the step before.

    Infinite without a plan; the stock is a limit beside it.  Outside of the prize's own times
    none is allowed.
    """
    number = bisect_right(plan, at, key=lambda step: step.at)
    before = plan[number - 2].total if number > 1 else 0
    if (prize.starts and at < prize.starts) or (prize.until and prize.until <= at):
        return 0, before
    if isinstance(prize.release, Even):
        starts, until = definition.period(prize)
        assert starts is not None
        assert until is not None
        assert prize.stock is not None
        # Whole numbers of microseconds: a fraction would be rounded, and release a unit late.
        return (0 if at < starts else prize.stock * (at - starts) // (until - starts) + 1), before
    if prize.release is None:
        return math.inf, before
    return (plan[number - 1].total if number else 0), before
