"""Compares the grants of a rehearsal with those of the same clicks in a simulation.

The simulation settles each click at the time at which it was due, so a server that is slow to
take clicks is behind it.  Prizes with ``unclaimed = "void"`` are compared with a simulation that
settles each click at the time of its commit: a click that is only slightly late may find that the
unit of its step is lost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from hunt.core.definition import Definition
from hunt.core.events import Reward
from hunt.core.fairness import Draws
from hunt.core.grants import INSTANT, Grants
from hunt.core.odds import Odds

#: Equal parts of the time of a rehearsal, at whose ends the grants are compared.
PARTS = 12

#: A prize may be behind by this share of the simulated grants, and by this many units more.
SHARE = 0.05
UNITS = 1


class Pace(Struct, frozen=True, kw_only=True):
    """The grants of one prize with a release plan."""

    prize: str
    granted: int
    planned: int  #: grants that the plan allows by the end
    simulated: int  #: grants to the same clicks in a simulation
    off_plan: float  #: largest deviation from the plan at the end of a part; see `hunt simulate`
    early: bool  #: at the end of a part, more were granted than the plan allows
    behind: bool  #: at the end of a part, fewer than simulated, by more than `SHARE` and `UNITS`


def paces(
    definition: Definition,
    seed: bytes,
    rows: Sequence[Reward],
    *,
    due: Mapping[str, datetime],
    ended: datetime,
    slack: timedelta,
) -> Iterator[Pace]:
    """Yield the pace of each prize with a release plan.

    Args:
        definition: The hunt, with its times, and the number of codes as the stock.
        seed: Its seed, 32 bytes.
        rows: Its log, by ascending seq.
        due: Time at which each click was due, by its id.
        ended: Time up to which the grants are compared.
        slack: Time by which the log may be behind the clicks.
    """
    opened = definition.opens_at
    assert opened is not None
    bounds = [opened + (ended - opened) * number / PARTS for number in range(1, PARTS + 1)]
    granted = _at_bounds([(_time(row), row.prize) for row in rows], bounds)
    # A grant that is due shortly before the end of a part may follow after it.
    late = [bound - slack for bound in bounds]
    prompt = _at_bounds(_simulated(definition, seed, rows, due), late)
    committed = _at_bounds(_simulated(definition, seed, rows, {}), late)
    voided = {prize.id for prize in definition.prizes if prize.void}
    grants = Grants(definition, seed)
    planned = [grants.planned(bound - INSTANT) for bound in bounds]
    for prize in planned[-1]:
        got = [each[prize] for each in granted]
        plan = [each[prize] for each in planned]
        wanted = [each[prize] for each in (committed if prize in voided else prompt)]
        yield Pace(
            prize=prize,
            granted=got[-1],
            planned=plan[-1],
            simulated=wanted[-1],
            off_plan=max(
                abs(one - two) / two if two else 0.0 for one, two in zip(got, plan, strict=True)
            ),
            early=any(one > two for one, two in zip(got, plan, strict=True)),
            behind=any(
                one < int((1 - SHARE) * two) - UNITS for one, two in zip(got, wanted, strict=True)
            ),
        )


def _simulated(
    definition: Definition, seed: bytes, rows: Sequence[Reward], due: Mapping[str, datetime]
) -> Iterator[tuple[datetime, str | None]]:
    """Yield the time and the prize of each click of the log, settled at the time it was due.

    Args:
        definition: The hunt.
        seed: Its seed, 32 bytes.
        rows: Its log.
        due: The times by click id; other clicks are settled when they were committed.
    """
    draws, odds, grants = Draws(seed), Odds(definition), Grants(definition, seed)
    for at, row in sorted(((due.get(row.id, _time(row)), row) for row in rows), key=_order):
        assert row.x is not None
        assert row.y is not None
        place = row.x, row.y
        drawn = odds.draw(*place, draws.uniform(row.id, row.player))
        given = grants.settle(None if drawn is None else drawn.id, row.player, place, at)
        yield at, given.prize


def _at_bounds(
    grants: Iterable[tuple[datetime, str | None]], bounds: Sequence[datetime]
) -> list[Counter[str]]:
    """Return the number of grants of each prize before each bound.

    Args:
        grants: Time and prize of each click.
        bounds: Times, ascending.
    """
    parts: list[Counter[str]] = [Counter() for _ in bounds]
    for at, prize in grants:
        number = bisect_right(bounds, at)
        if prize is not None and number < len(bounds):
            parts[number][prize] += 1
    for before, after in pairwise(parts):
        after.update(before)
    return parts


def _order(each: tuple[datetime, Reward]) -> tuple[datetime, int]:
    return each[0], each[1].seq


def _time(row: Reward) -> datetime:
    return datetime.fromisoformat(row.at)
