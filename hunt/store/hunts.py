"""The hunts themselves: what they are made of, and whether they are open."""

from __future__ import annotations

import secrets
from typing import Any

from psycopg.types.json import Jsonb

from hunt.core.definition import Definition, Prize, differences, from_json, to_json
from hunt.core.hunts import Hunt, State
from hunt.errors import HuntNotFound
from hunt.store.connection import Connection
from hunt.store.errors import translated
from hunt.store.pool import Pool

SELECT = """
    select h.definition, h.version, h.state, h.epoch, h.last_seq, h.seed,
           coalesce((
               select jsonb_object_agg(z.id, greatest(z.stock - z.granted, 0))
                 from prizes z where z.hunt = h.number and z.stock is not null and not z.retired
           ), '{}')
      from hunts h
"""

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

# Where a limit is new, what was granted before it has to be counted once.
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

AUDIT = "insert into audit (actor, action, hunt, detail) values (%s, %s, %s, %s)"


class Hunts:
    """Hunts in the database.  The pool is the caller's, to open and to close."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def all(self) -> list[Hunt]:
        """Return every hunt, by id."""
        return await self._select("order by h.id", ())

    async def get(self, hunt: str) -> Hunt | None:
        """Return one hunt, or None where there is none of that id."""
        found = await self._select("where h.id = %s", (hunt,))
        return found[0] if found else None

    async def _select(self, rest: str, values: tuple[object, ...]) -> list[Hunt]:
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(SELECT + rest, values)).fetchall()
        return [_hunt(row) for row in rows]

    async def apply(self, definition: Definition, *, seed: bytes, actor: str) -> list[str]:
        """Create a hunt, as a draft, or change it; return what changed, a sentence each.

        A change is a new version; what was granted stays granted.

        Args:
            definition: What it is to be.
            seed: Of the draws, where the hunt is new.
            actor: Who does this, for the audit trail.
        """
        with translated():
            async with self._pool.connection() as conn, conn.transaction():
                cursor = await conn.execute(
                    "select number, definition from hunts where id = %s for update",
                    (definition.id,),
                )
                row = await cursor.fetchone()
                old = None if row is None else from_json(row[1])
                changes = differences(old, definition)
                if not changes:
                    return []
                number = await (
                    _create(conn, definition, seed)
                    if row is None
                    else _change(conn, row[0], definition)
                )
                before = {} if old is None else {prize.id: prize for prize in old.prizes}
                for prize in definition.prizes:
                    await _keep(conn, number, prize, before.get(prize.id))
                await conn.execute(RETIRE, (number, [prize.id for prize in definition.prizes]))
                await conn.execute(REMEMBER, (actor, number))
                await conn.execute(
                    AUDIT, (actor, "apply", definition.id, Jsonb({"changes": changes}))
                )
        return changes

    async def open(self, hunt: str, *, actor: str = "operator") -> None:
        """Let a hunt take clicks, within its times.

        Raises:
            HuntNotFound: There is no such hunt.
        """
        await self._set_state(hunt, "open", actor)

    async def close(self, hunt: str, *, actor: str = "operator") -> None:
        """End a hunt; its seed may be shown from now on.

        Raises:
            HuntNotFound: There is no such hunt.
        """
        await self._set_state(hunt, "closed", actor)

    async def new_epochs(self, *, actor: str = "operator") -> dict[str, str]:
        """Begin a new epoch of every log, so that no event id from before is resumed; return them.

        For a database that was restored from an older backup, where numbers that
        were given out are given out again.
        """
        with translated():
            async with self._pool.connection() as conn, conn.transaction():
                cursor = await conn.execute("select id, epoch from hunts order by id for update")
                epochs = {}
                for hunt, before in await cursor.fetchall():
                    epochs[hunt] = epoch = _epoch()
                    await conn.execute("update hunts set epoch = %s where id = %s", (epoch, hunt))
                    await conn.execute(AUDIT, (actor, "epoch", hunt, Jsonb({"before": before})))
        return epochs

    async def _set_state(self, hunt: str, state: State, actor: str) -> None:
        with translated():
            async with self._pool.connection() as conn, conn.transaction():
                cursor = await conn.execute(
                    "select state from hunts where id = %s for update", (hunt,)
                )
                row = await cursor.fetchone()
                if row is None:
                    raise HuntNotFound(f"there is no hunt {hunt!r}: 'hunt hunts' lists them")
                if row[0] == state:
                    return
                await conn.execute("update hunts set state = %s where id = %s", (state, hunt))
                await conn.execute(AUDIT, (actor, state, hunt, Jsonb({"before": row[0]})))


def _epoch() -> str:
    return "k" + secrets.token_hex(4)


async def _create(conn: Connection, definition: Definition, seed: bytes) -> int:
    cursor = await conn.execute(
        CREATE,
        (
            definition.id,
            Jsonb(to_json(definition)),
            definition.opens_at,
            definition.closes_at,
            definition.cooldown,
            _epoch(),
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
    # Not prepared, so that the plan knows the hunt, and locks its partition only.
    which = {"hunt": number, "prize": prize.id}
    if prize.stock is not None and (before is None or before.stock is None):
        await conn.execute(COUNT, which, prepare=False)
    if prize.per_player is not None and (before is None or before.per_player is None):
        await conn.execute(COUNT_PLAYERS, which, prepare=False)


def _hunt(row: tuple[Any, ...]) -> Hunt:
    definition, version, state, epoch, last_seq, seed, stock_left = row
    return Hunt(
        definition=from_json(definition),
        version=version,
        state=state,
        epoch=epoch,
        last_seq=last_seq,
        seed=bytes(seed),
        stock_left=stock_left,
    )
