"""The hunt files of ``examples/``, and the same hunts in seconds instead of days."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from hunt.core.campaign_file import parse_campaign
from hunt.core.crowds import UNIFORM, Shares
from hunt.core.definition import Definition, Moments, Prize, Quota, Step
from hunt.core.hunt_file import parse
from hunt.core.time_slices import TimeSpan

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Players for whom the stocks of the examples are made.
PLAYERS = 20_000

PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


@dataclass(frozen=True)
class Example:
    """A hunt to play, and its players."""

    name: str
    path: Path  #: what ``hunt apply`` takes
    definition: Definition
    clicks: int  #: of each player
    curve: tuple[float, ...] = (1.0,)
    crowd: Shares = field(default_factory=lambda: UNIFORM)
    spread: float = 0.004


def examples() -> list[Example]:
    """Return the examples; of the calendar, the doors that differ."""
    advent = EXAMPLES / "advent"
    doors = parse_campaign((advent / "campaign.toml").read_text("utf-8")).doors
    live, city = (EXAMPLES / f"{name}.toml" for name in ("live-stream", "city-weekend"))
    everywhere: Shares = {"uniform": 0.2, "hints": 0.8}
    return [
        Example("live-stream", live, _read(live), 5, curve=(4, 3, 2, 2, 3, 4)),
        Example("city-weekend", city, _read(city), 5, crowd=everywhere),
        *(
            Example(f"advent, door {each.number}", advent, each.definition, 3)
            for each in doors
            if each.number in {1, 6, 24}
        ),
    ]


def _read(path: Path) -> Definition:
    return parse(path.read_text("utf-8"))


def compressed(
    definition: Definition, starts: datetime, seconds: float, players: int
) -> Definition:
    """Return a hunt that begins at `starts` and lasts some seconds.

    Stocks and plans are scaled to the number of players.  Speeds are scaled with the time.  A
    quota of a period becomes one of the whole hunt, because PostgreSQL's calendar does not run
    faster.

    Args:
        definition: The hunt of the file.
        starts: When it opens.
        seconds: How long it lasts.
        players: Number of players for whom the stocks are.
    """
    span = TimeSpan(definition)
    pace = span.length.total_seconds() / seconds
    share = players / PLAYERS

    def at(time: datetime | None) -> datetime | None:
        return None if time is None else starts + (time - span.starts) / pace

    def quota(found: Quota | None) -> Quota | None:
        if found is None or found.per == "hunt":
            return found
        return Quota(found.count * math.ceil(span.length / PERIODS[found.per]), "hunt")

    def prize(found: Prize) -> Prize:
        release = found.release
        if isinstance(release, Moments):
            release = Moments(_scaled(release.count, share))
        elif isinstance(release, tuple):
            release = tuple(
                Step(at(step.at) or starts, _scaled(step.total, share)) for step in release
            )
        stock = None if found.stock is None else _scaled(found.stock, share)
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


def _scaled(count: int, share: float) -> int:
    return max(round(count * share), 1)
