"""Rows of prizes: their limits, release plans, and what was granted so far."""

from __future__ import annotations

from psycopg.types.range import Range

from hunt.core.definition import Area, Definition, Even, Prize
from hunt.core.periods import steps
from hunt.store.code_changes import check_codes
from hunt.store.driver.connection import Connection

KEEP_PRIZE = """
    insert into prizes as z (
        hunt, id, stock, per_player, points, starts, until, even, stepped, first, center, within,
        sphere, void, overflow, codes)
    values (
        %(hunt)s, %(id)s,
        case when %(codes)s then (
            select coalesce(max(c.position), 0) from codes c
             where c.hunt = %(hunt)s and c.prize = %(id)s
        ) else %(stock)s end,
        %(per_player)s, %(points)s, %(starts)s, %(until)s, %(even)s,
        %(stepped)s, %(first)s, %(center)s::point, %(within)s,
        %(sphere)s, %(void)s, %(overflow)s, %(codes)s)
    on conflict (hunt, id) do update
       set (stock, per_player, points, starts, until, even, stepped, first, center, within,
            sphere, void, overflow, codes, retired)
         = (excluded.stock, excluded.per_player, excluded.points, excluded.starts,
            excluded.until, excluded.even, excluded.stepped, excluded.first, excluded.center,
            excluded.within, excluded.sphere, excluded.void, excluded.overflow, excluded.codes,
            false)
"""

FORGET_STEPS = "delete from prize_steps where hunt = %s"
KEEP_STEPS = """
    insert into prize_steps (hunt, prize, at, total)
    select %s, %s, s.* from unnest(%s::timestamptz[], %s::int[]) as s
"""

RETIRE = "update prizes set retired = true where hunt = %s and not id = any(%s)"

# For a stock or limit that is new: count the grants so far.  Void ones count for the limit only.
COUNT = """
    update prizes z set granted = (
        select count(*) from rewards r where r.hunt = %(hunt)s and r.prize = %(prize)s
           and not exists (select from reward_changes c
                            where c.hunt = %(hunt)s and c.seq = r.seq and c.state = 'void'))
     where z.hunt = %(hunt)s and z.id = %(prize)s
"""
COUNT_PLAYERS = """
    insert into player_prizes (hunt, player, prize, granted)
    select r.hunt, r.player, r.prize, count(*) from rewards r
     where r.hunt = %(hunt)s and r.prize = %(prize)s
     group by r.hunt, r.player, r.prize
    on conflict (hunt, player, prize) do update set granted = excluded.granted
"""


async def keep(
    conn: Connection, number: int, old: Definition | None, new: Definition, seed: bytes
) -> None:
    """Store the prizes of a new or changed definition.

    Args:
        conn: Connection in a transaction that holds the lock on the hunt's row.
        number: Number of the hunt.
        old: The definition until now; None for a new hunt.
        new: The definition from now on.
        seed: The seed of the draws.

    Raises:
        DefinitionError: The codes of a prize do not allow the change.
    """
    before = {} if old is None else {prize.id: prize for prize in old.prizes}
    await keep_plans(conn, number, new, seed)
    for prize in new.prizes:
        await _keep(conn, number, new, prize, before.get(prize.id))
    await conn.execute(RETIRE, (number, [prize.id for prize in new.prizes]))


async def keep_plans(conn: Connection, number: int, definition: Definition, seed: bytes) -> None:
    """Replace the release plans of the prizes of a hunt.

    Args:
        conn: Connection in a transaction that holds the lock on the hunt's row.
        number: Number of the hunt.
        definition: Definition of the hunt.
        seed: The seed of the draws.
    """
    await conn.execute(FORGET_STEPS, (number,))
    for prize in definition.prizes:
        if plan := steps(definition, prize, seed):
            times, totals = [step.at for step in plan], [step.total for step in plan]
            await conn.execute(KEEP_STEPS, (number, prize.id, times, totals))


async def _keep(
    conn: Connection, number: int, definition: Definition, prize: Prize, before: Prize | None
) -> None:
    area = prize.odds if prize.first and isinstance(prize.odds, Area) else None
    values = {
        "hunt": number,
        "id": prize.id,
        "stock": prize.stock,
        "per_player": prize.per_player,
        "points": prize.points,
        "starts": prize.starts,
        "until": prize.until,
        "even": Range(*definition.period(prize)) if isinstance(prize.release, Even) else None,
        "stepped": prize.release is not None and not isinstance(prize.release, Even),
        "first": prize.first,
        "center": area and f"({area.at[0]!r},{area.at[1]!r})",
        "within": area and area.within,
        "sphere": definition.map.is_degrees,
        "void": prize.void,
        "overflow": prize.overflow,
        "codes": prize.codes,
    }
    await conn.execute(KEEP_PRIZE, values)
    # Not prepared: a plan made for this hunt locks its partition only.
    which = {"hunt": number, "prize": prize.id}
    if prize.is_counted and not (before and before.is_counted):
        await conn.execute(COUNT, which, prepare=False)
    await check_codes(conn, which, prize, before)
    if prize.per_player is not None and (before is None or before.per_player is None):
        await conn.execute(COUNT_PLAYERS, which, prepare=False)
