"""Writes to the definition of a hunt: the current one, and its versions."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from psycopg.types.json import Jsonb

from hunt.core import fairness
from hunt.core.definition import Definition, Prize, differences
from hunt.core.hunt_file import from_json, to_json
from hunt.core.hunts import State
from hunt.errors import DefinitionError, HuntNotFound, WrongState
from hunt.store.audit import AUDIT
from hunt.store.driver.connection import Connection
from hunt.store.epochs import new_epoch

CREATE = """
    insert into hunts (id, definition, opens_at, closes_at, cooldown, epoch, seed)
    values (%s, %s, %s, %s, %s, %s, %s) returning number
"""

CHANGE = """
    update hunts set definition = %s, version = version + 1,
           opens_at = %s, closes_at = %s, cooldown = %s
     where number = %s
"""

KEEP_PRIZE = """
    insert into prizes (hunt, id, stock, per_player) values (%s, %s, %s, %s)
    on conflict (hunt, id) do update
       set stock = excluded.stock, per_player = excluded.per_player, retired = false
"""

RETIRE = "update prizes set retired = true where hunt = %s and not id = any(%s)"

# For a stock or limit that is new: count the grants so far.
COUNT = """
    update prizes z set granted = (
        select count(*) from rewards r where r.hunt = %(hunt)s and r.prize = %(prize)s)
     where z.hunt = %(hunt)s and z.id = %(prize)s
"""
COUNT_PLAYERS = """
    insert into player_prizes (hunt, player, prize, granted)
    select r.hunt, r.player, r.prize, count(*) from rewards r
     where r.hunt = %(hunt)s and r.prize = %(prize)s
     group by r.hunt, r.player, r.prize
    on conflict (hunt, player, prize) do update set granted = excluded.granted
"""

REMEMBER = """
    insert into hunt_versions (hunt, version, definition, actor)
    select number, version, definition, %s from hunts where number = %s
"""

LOCK = "select number, definition, state, last_seq from hunts where id = %s for update"

# A new hunt has no row that could be locked.
RESERVE = "select pg_advisory_xact_lock(hashtextextended('hunt ' || %s, 0))"


class Found(Struct, frozen=True):
    """A hunt whose row is locked."""

    number: int
    definition: Definition
    state: State
    last_seq: int


async def locked(conn: Connection, hunt: str) -> Found | None:
    """Return a hunt with its row locked until the transaction ends; None if there is none."""
    row = await (await conn.execute(LOCK, (hunt,))).fetchone()
    return None if row is None else Found(row[0], from_json(row[1]), row[2], row[3])


async def reserved(conn: Connection, hunt: str) -> Found | None:
    """Return a hunt with its row locked; if there is none, lock its id and return None.

    No other transaction can then create a hunt with this id.
    """
    found = await locked(conn, hunt)
    if found is None:
        await conn.execute(RESERVE, (hunt,))
        found = await locked(conn, hunt)
    return found


async def has_passed(conn: Connection, moment: datetime | None) -> bool:
    """Return whether a time has passed by the database's clock; False for None.

    This is a statement of its own, because one that waits for a lock reads the clock before
    it waits.
    """
    row = await (await conn.execute("select %s <= clock_timestamp()", (moment,))).fetchone()
    return row is not None and row[0] is True


def missing(hunt: str) -> HuntNotFound:
    """Return the error for a hunt that does not exist."""
    return HuntNotFound(f"there is no hunt {hunt!r}: 'hunt hunts' lists them")


async def apply(
    conn: Connection, found: Found | None, definition: Definition, seed: bytes, actor: str
) -> list[str]:
    """Create a hunt, or change a locked one; see `hunt.store.hunts.Hunts.apply`."""
    old = None if found is None else found.definition
    changes = differences(old, definition)
    if not changes:
        return []
    if found is not None and found.state == "closed":
        # Its seed is public, and the seed tells which click ids win.
        raise WrongState(f"hunt {definition.id!r} has ended, and its end is final")
    if await has_passed(conn, definition.closes_at):
        wrong = "has passed by the database's clock: give a later time"
        raise DefinitionError({"hunt.closes_at": wrong})
    number = await (
        _create(conn, definition, seed)
        if found is None
        else _change(conn, found.number, definition)
    )
    before = {} if old is None else {prize.id: prize for prize in old.prizes}
    for prize in definition.prizes:
        await _keep(conn, number, prize, before.get(prize.id))
    await conn.execute(RETIRE, (number, [prize.id for prize in definition.prizes]))
    await conn.execute(REMEMBER, (actor, number))
    detail: dict[str, object] = {"changes": changes}
    if found is None:
        detail["commitment"] = fairness.commit(seed)
    action = "apply" if found else "create"
    await conn.execute(AUDIT, (actor, action, definition.id, Jsonb(detail)))
    return changes


async def _create(conn: Connection, definition: Definition, seed: bytes) -> int:
    cursor = await conn.execute(
        CREATE,
        (
            definition.id,
            Jsonb(to_json(definition)),
            definition.opens_at,
            definition.closes_at,
            definition.cooldown,
            new_epoch(),
            seed,
        ),
    )
    row = await cursor.fetchone()
    assert row is not None
    number: int = row[0]
    await conn.execute("select hunt_create_log(%s)", (number,))
    return number


async def _change(conn: Connection, number: int, definition: Definition) -> int:
    await conn.execute(
        CHANGE,
        (
            Jsonb(to_json(definition)),
            definition.opens_at,
            definition.closes_at,
            definition.cooldown,
            number,
        ),
    )
    return number


async def _keep(conn: Connection, number: int, prize: Prize, before: Prize | None) -> None:
    await conn.execute(KEEP_PRIZE, (number, prize.id, prize.stock, prize.per_player))
    # Not prepared: a plan made for this hunt locks its partition only.
    which = {"hunt": number, "prize": prize.id}
    if prize.stock is not None and (before is None or before.stock is None):
        await conn.execute(COUNT, which, prepare=False)
    if prize.per_player is not None and (before is None or before.per_player is None):
        await conn.execute(COUNT_PLAYERS, which, prepare=False)
