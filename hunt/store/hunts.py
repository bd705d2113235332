"""Hunts in the database: their definitions and their states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from hunt.core.cache import Cache
from hunt.core.definition import Definition, from_json
from hunt.core.hunts import Hunt, State, Version
from hunt.errors import DefinitionError, HuntFailed, WrongState
from hunt.logs import FaultLog
from hunt.store.definitions import AUDIT, apply, locked, missing, new_epoch, reserved
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.state_changes import end_due, move

SELECT = """
    select h.id, h.definition::text, h.version, h.state, h.epoch, h.last_seq, h.seed,
           coalesce((
               select jsonb_object_agg(z.id, greatest(z.stock - z.granted, 0))
                 from prizes z where z.hunt = h.number and z.stock is not null and not z.retired
           ), '{}'), clock_timestamp(), h.ended_at
      from hunts h
"""

VERSIONS = """
    select v.version, v.at, v.actor, v.definition
      from hunt_versions v join hunts h on h.number = v.hunt
     where h.id = %s order by v.version desc
"""


log = FaultLog("hunt")


class Hunts:
    """Hunts in the database.  The pool is the caller's, to open and to close."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def all(self) -> list[Hunt]:
        """Return every hunt whose definition can be read, by id."""
        return [hunt for hunt in (await self.read()).values() if hunt is not None]

    async def read(self) -> dict[str, Hunt | None]:
        """Return every hunt by its id; None where the definition cannot be read."""
        found: dict[str, Hunt | None] = {}
        for row in await self._select("order by h.id", ()):
            try:
                found[row[0]] = _hunt(row)
            except DefinitionError as exc:
                # The definition itself holds the places, which are secret.
                log.warning("hunt definition not readable", hunt=row[0], error=str(exc))
                found[row[0]] = None
        return found

    async def get(self, hunt: str) -> Hunt | None:
        """Return one hunt, or None where there is none of that id."""
        rows = await self._select("where h.id = %s", (hunt,))
        try:
            return _hunt(rows[0]) if rows else None
        except DefinitionError as exc:
            raise HuntFailed(f"the definition cannot be read: {exc}") from exc

    async def _select(self, rest: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with translated():
            async with self._pool.connection() as conn:
                return await (await conn.execute(SELECT + rest, values)).fetchall()

    async def apply(self, definition: Definition, *, seed: bytes, actor: str) -> list[str]:
        """Create a hunt, as a draft, or change it; return what changed, a sentence each.

        A change is a new version; what was granted stays granted.

        Args:
            definition: What it is to be.
            seed: Of the draws, where the hunt is new.
            actor: Who does this, for the audit trail.

        Raises:
            WrongState: The hunt has ended.
            DefinitionError: ``closes_at`` has passed by the database's clock.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await reserved(conn, definition.id)
                return await apply(conn, found, definition, seed, actor)

    async def create(self, definition: Definition, *, seed: bytes, actor: str) -> list[str]:
        """Create a hunt, as `apply` does.

        Raises:
            WrongState: There is one of that id.
            DefinitionError: ``closes_at`` has passed by the database's clock.
        """
        with translated():
            async with self._pool.transaction() as conn:
                if await reserved(conn, definition.id) is not None:
                    raise WrongState(f"there is a hunt {definition.id!r} already")
                return await apply(conn, None, definition, seed, actor)

    async def open_new(self, definition: Definition, *, seed: bytes, actor: str) -> bool:
        """Create a hunt and open it, in one transaction; return whether it was new.

        Args:
            definition: What it is to be.
            seed: Of the draws.
            actor: Who does this, for the audit trail.
        """
        hunt = definition.id
        with translated():
            async with self._pool.transaction() as conn:
                if await reserved(conn, hunt) is not None:
                    return False
                await apply(conn, None, definition, seed, actor)
                await conn.execute("update hunts set state = 'open' where id = %s", (hunt,))
                await conn.execute(AUDIT, (actor, "open", hunt, Jsonb({"before": "draft"})))
        return True

    async def change(
        self, hunt: str, to: Callable[[Definition], Definition], *, actor: str
    ) -> list[str]:
        """Change a hunt, as `apply` does, from what it is at that moment.

        Args:
            hunt: Its id.
            to: Returns what it is to be; what it raises leaves the hunt as it is.
            actor: Who does this, for the audit trail.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: The hunt has ended.
            DefinitionError: ``closes_at`` has passed by the database's clock.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await locked(conn, hunt)
                if found is None:
                    raise missing(hunt)
                return await apply(conn, found, to(found.definition), b"", actor)

    async def versions(self, hunt: str) -> list[Version]:
        """Return all versions of a hunt, the newest first."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(VERSIONS, (hunt,))).fetchall()
        return [Version(version, at, actor, from_json(raw)) for version, at, actor, raw in rows]

    async def open(self, hunt: str, *, actor: str = "operator") -> bool:
        """Let a hunt take clicks, within its times; return False if it does already.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: It has ended, or its ``closes_at`` has passed.
        """
        return await self._set_state(hunt, "open", actor)

    async def pause(self, hunt: str, *, actor: str = "operator") -> bool:
        """Let an open hunt take no clicks for a while; return False if it is paused already.

        Its seed stays secret.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: It is a draft, it has ended, or its ``closes_at`` has passed.
        """
        return await self._set_state(hunt, "paused", actor)

    async def close(self, hunt: str, *, actor: str = "operator") -> bool:
        """Record the end of a hunt, which is final; return False if it has ended already.

        Its seed is public from then on.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: It is a draft, which nobody may see.
        """
        return await self._set_state(hunt, "closed", actor)

    async def end_due(self, hunt: str) -> bool:
        """Record the end of a hunt if its ``closes_at`` has passed by the database's clock.

        Idempotent, and safe to call from several processes at once.

        Returns:
            Whether the end was recorded by this call.
        """
        with translated():
            async with self._pool.connection() as conn:
                return await end_due(conn, hunt)

    async def delete(self, hunt: str, *, actor: str = "operator") -> None:
        """Delete a hunt that never had a click, with its versions; the audit trail stays.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: It has clicks.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await locked(conn, hunt)
                if found is None:
                    raise missing(hunt)
                if found.last_seq:
                    raise WrongState(f"hunt {hunt!r} has clicks and cannot be deleted")
                await conn.execute("select hunt_delete(%s)", (found.number,))
                await conn.execute(AUDIT, (actor, "delete", hunt, Jsonb({"before": found.state})))

    async def new_epochs(self, *, actor: str = "operator") -> dict[str, str]:
        """Begin a new epoch of every log, so that no event id from before is resumed; return them.

        For a database that was restored from an older backup, where numbers that
        were given out are given out again.
        """
        with translated():
            async with self._pool.transaction() as conn:
                cursor = await conn.execute("select id, epoch from hunts order by id for update")
                epochs = {}
                for hunt, before in await cursor.fetchall():
                    epochs[hunt] = epoch = new_epoch()
                    await conn.execute("update hunts set epoch = %s where id = %s", (epoch, hunt))
                    await conn.execute(AUDIT, (actor, "epoch", hunt, Jsonb({"before": before})))
        return epochs

    async def begin_epoch(self, hunt: str, epoch: str, known: int) -> bool:
        """Begin a new epoch of a log that has lost committed rows; return whether that was so.

        Streams then get `reset` instead of a wrong resume.  Safe to repeat, from any process:
        nothing happens unless the log still is of `epoch` and ends before `known`.

        Args:
            hunt: The id of the hunt.
            epoch: The epoch in which `known` was committed.
            known: A seq that was committed once, as the last of a batch or before it.
        """
        with translated():
            async with self._pool.transaction() as conn:
                cursor = await conn.execute(
                    "select last_seq from hunts where id = %s and epoch = %s and last_seq < %s"
                    " for update",
                    (hunt, epoch, known),
                )
                row = await cursor.fetchone()
                if row is None:
                    return False
                await conn.execute("update hunts set epoch = %s where id = %s", (new_epoch(), hunt))
                detail = {"before": epoch, "known": known, "last_seq": row[0]}
                await conn.execute(AUDIT, ("hunt", "epoch", hunt, Jsonb(detail)))
        return True

    async def _set_state(self, hunt: str, state: State, actor: str) -> bool:
        with translated():
            async with self._pool.transaction() as conn:
                found = await locked(conn, hunt)
                if found is None:
                    raise missing(hunt)
                return await move(conn, found, state, actor)


#: By their JSON; a definition takes some times the bytes of that. All hunts are read every
#: few seconds, and hardly any has changed meanwhile.
_definitions: Cache[str, Definition] = Cache(32 * 2**20, lambda text, _: 1000 + 4 * len(text))


def _definition(text: str) -> Definition:
    found = _definitions.get(text)
    if found is None:
        found = from_json(msgspec.json.decode(text))
        _definitions.put(text, found)
    return found


def _hunt(row: tuple[Any, ...]) -> Hunt:
    _, definition, version, state, epoch, last_seq, seed, stock_left, as_of, ended_at = row
    return Hunt(
        definition=_definition(definition),
        version=version,
        state=state,
        epoch=epoch,
        last_seq=last_seq,
        seed=bytes(seed),
        stock_left=stock_left,
        as_of=as_of,
        ended_at=ended_at,
    )
