"""The same hunt at another time, and in seconds instead of days."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

from hunt.core.definition import Definition, Moments, Prize, Quota, Step
from hunt.core.time_slices import TimeSpan

_PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


def compressed(
    definition: Definition, starts: datetime, *, pace: float, share: float = 1.0
) -> Definition:
    """Return a hunt that begins at `starts`, with all its times, and runs `pace` times as fast.

    Speeds and the cooldown are scaled with the time.  At another pace than 1 a quota of a period
    becomes one of the whole hunt, because PostgreSQL's calendar does not run faster.

    Args:
        definition: The hunt of the file; without `closes_at` it lasts one day.
        starts: When it opens.
        pace: How many times as fast, > 0.
        share: Factor of stocks and release plans, > 0; none falls below 1.
    """
    span = TimeSpan(definition)

    def at(time: datetime | None) -> datetime | None:
        return None if time is None else starts + (time - span.starts) / pace

    def quota(found: Quota | None) -> Quota | None:
        if found is None or found.per == "hunt" or pace == 1:
            return found
        return Quota(found.count * math.ceil(span.length / _PERIODS[found.per]), "hunt")

    def scaled(count: int) -> int:
        return count if share == 1 else max(round(count * share), 1)

    def prize(found: Prize) -> Prize:
        release = found.release
        if isinstance(release, Moments):
            release = Moments(scaled(release.count))
        elif isinstance(release, tuple):
            release = tuple(Step(at(step.at) or starts, scaled(step.total)) for step in release)
        stock = None if found.stock is None else scaled(found.stock)
        return replace(
            found, starts=at(found.starts), until=at(found.until), release=release, stock=stock
        )

    return replace(
        definition,
        opens_at=at(span.starts),
        closes_at=at(span.ends),
        cooldown=definition.cooldown / pace,
        max_speed=definition.max_speed and definition.max_speed * pace,
        attempts=quota(definition.attempts),
        max_wins=quota(definition.max_wins),
        prizes=tuple(map(prize, definition.prizes)),
    )
