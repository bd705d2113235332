"""Travel through the times of hunts: all times move towards the past, the clock stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from hunt.core.definition import Definition, Prize, Step
from hunt.core.hunt_file import to_json
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts

SHIFT = (
    """
    update prizes set starts = starts - %(by)s, until = until - %(by)s,
           even = tstzrange(lower(even) - %(by)s, upper(even) - %(by)s)
     where hunt in (select number from hunts where state <> 'closed')
    """,
    """
    update player_periods set since = since - %(by)s
     where hunt in (select number from hunts where state <> 'closed')
    """,
)
STEPS = """
    with moved as (
        delete from prize_steps where hunt in (select number from hunts where state <> 'closed')
        returning hunt, prize, at - %(by)s as at, total)
    insert into prize_steps select * from moved
"""


async def travel(pool: Pool, by: timedelta) -> None:
    """Make `by` pass: for hunts that have not ended, and for the periods of their players."""
    hunts = await Hunts(pool).all()
    async with pool.transaction() as conn:
        for hunt in hunts:
            if hunt.has_ended:
                continue
            moved = _moved(hunt.definition, by)
            await conn.execute(
                "update hunts set definition = %s, opens_at = %s, closes_at = %s, "
                "version = version + 1 where id = %s",
                (Jsonb(to_json(moved)), moved.opens_at, moved.closes_at, hunt.id),
            )
        for statement in (*SHIFT, STEPS):
            await conn.execute(statement, {"by": by})


def _moved(definition: Definition, by: timedelta) -> Definition:
    def earlier(at: datetime | None) -> datetime | None:
        return None if at is None else at - by

    def prize(each: Prize) -> Prize:
        release = each.release
        if isinstance(release, tuple):
            release = tuple(Step(step.at - by, step.total) for step in release)
        return replace(
            each, starts=earlier(each.starts), until=earlier(each.until), release=release
        )

    return replace(
        definition,
        opens_at=earlier(definition.opens_at),
        closes_at=earlier(definition.closes_at),
        prizes=tuple(prize(each) for each in definition.prizes),
    )
