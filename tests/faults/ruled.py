"""Hunts with rules for the rig, and the check of their logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import starmap
from typing import TYPE_CHECKING

from hunt.core.definition import Area, Definition, Even, Moments, Prize, Quota, Step
from hunt.core.events import Reward
from hunt.core.maps import Map
from hunt.testing.checks import Violation
from hunt.testing.rule_checks import rules

if TYPE_CHECKING:
    from tests.faults.rig import Rig

#: Seconds over which prizes are released: longer than a run.
RELEASED = 60.0

ROWS = """
    select r.seq, r.click_id::text, r.player, r.prize, r.points, hunt_time(r.at),
           r.x, r.y, r.sold_out
      from rewards r join hunts h on h.number = r.hunt where h.id = %s order by r.seq
"""

ATTEMPTS = """
    select c.player, c.count, c.since from player_periods c join hunts h on h.number = c.hunt
     where h.id = %s and c.what = 'a'
"""


def moments(hunt: str, now: datetime) -> Definition:
    """Return a hunt whose prizes are for the first click after secret moments."""
    until = now + timedelta(seconds=RELEASED)
    times = {"starts": now, "until": until, "first": True}
    return Definition(
        hunt, "Moments", Map.sized(100, 100), None, None, 0.0,
        (
            Prize("shell", "Shell", 5, 0.3, None, None),
            Prize("flash", "Flash", 50, Area(1, (45, 50), 30), None, None,
                  release=Moments(900), **times),
            Prize("spark", "Spark", 20, 1.0, 300, 40, release=Moments(300), void=True, **times),
        ),
        attempts=Quota(100_000, "hour"), max_wins=Quota(400, "hour"),
    )  # fmt: skip


def pacing(hunt: str, now: datetime) -> Definition:
    """Return a hunt whose prizes are released evenly, and in steps."""
    until = now + timedelta(seconds=RELEASED)
    steps = tuple(Step(now + timedelta(seconds=2 * n), 40 * n) for n in range(1, 31))
    return Definition(
        hunt, "Pacing", Map.sized(100, 100), None, None, 0.0,
        (
            Prize("coin", "Coin", 100, 0.4, 600, None, starts=now, until=until, release=Even(),
                  overflow="pearl"),
            Prize("chest", "Chest", 250, 0.2, 1200, 60, starts=now, until=until, release=steps,
                  void=True),
            Prize("purse", "Purse", 30, 0.1, 20, None, overflow="pearl"),
            Prize("pearl", "Pearl", 10, 0.1, 1_000_000, None),
        ),
        attempts=Quota(100_000, "hour"), max_wins=Quota(400, "hour"),
    )  # fmt: skip


HUNTS: Mapping[str, Callable[[str, datetime], Definition]] = {"moments": moments, "pacing": pacing}


async def check(rig: Rig) -> list[Violation]:
    """Return the rows that the rules do not allow, and wrong counts of attempts.

    Notes how many prizes with a release plan were granted, so that a run without any fails.
    """
    definition, seed = rig.definition, rig.seed
    rows = list(starmap(Reward, await rig.postgres.execute(ROWS, [definition.id])))
    planned = {prize.id for prize in definition.prizes if prize.release is not None}
    rig.notes["released prizes"] = sum(row.prize in planned for row in rows)
    counts = await rig.postgres.execute(ATTEMPTS, [definition.id])
    return [*rules(definition, seed, rows), *_attempts(counts, rows)]


def _attempts(
    counts: Sequence[tuple[str, int, datetime]], rows: Sequence[Reward]
) -> list[Violation]:
    """Compare the counted attempts of each player with their rows of the same period."""
    found = []
    for player, count, since in counts:
        clicks = Counter(row.player for row in rows if datetime.fromisoformat(row.at) >= since)[
            player
        ]
        if clicks != count:
            what = f"{player} has {clicks} clicks since {since}, and {count} counted attempts"
            found.append(Violation("rule attempts counted", what))
    return found
