"""Hunts in the database: their definitions and states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hunt.core.definition import Definition
from hunt.core.hunt_file import from_json
from hunt.core.hunts import Hunt, State, Version
from hunt.core.key_ring import KeyRing
from hunt.errors import DefinitionError, HuntFailed, SealError, WrongState
from hunt.logs import FaultLog
from hunt.store.audit import record_change
from hunt.store.definitions import apply, existing, reserved
from hunt.store.deletions import deletable, delete, purge
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.epochs import begin_after_loss, begin_all
from hunt.store.hunt_rows import SELECT, HuntRows
from hunt.store.seed_shares import enter_share
from hunt.store.state_changes import end_due, move

VERSIONS = """
    select v.version, v.at, v.actor, v.definition
      from hunt_versions v join hunts h on h.number = v.hunt
     where h.id = %s order by v.version desc
"""

log = FaultLog("hunt")


class Hunts:
    """Hunts in the database.

    Args:
        pool: Opened and closed by the caller.
        ring: Keys of encrypted seeds and codes.
    """

    def __init__(self, pool: Pool, ring: KeyRing | None = None) -> None:
        self._pool = pool
        self._ring = ring or KeyRing(())
        self._rows = HuntRows(self._ring)

    async def all(self) -> list[Hunt]:
        """Return every hunt with a readable definition, ordered by id."""
        return [hunt for hunt in (await self.read()).values() if hunt is not None]

    async def read(self) -> dict[str, Hunt | None]:
        """Return every hunt by its id; None for one whose definition cannot be read."""
        found: dict[str, Hunt | None] = {}
        locked: dict[str, list[str]] = {}
        for row in await self._select("order by h.id", ()):
            try:
                found[row[0]] = self._rows.hunt(row)
            except DefinitionError as exc:
                # The definition itself is not logged: it holds secret positions.
                log.warning("hunt definition not readable", hunt=row[0], error=str(exc))
                found[row[0]] = None
            except SealError as exc:
                locked.setdefault(str(exc), []).append(row[0])
                found[row[0]] = None
        for error, names in locked.items():
            log.warning("hunts not readable", hunts=names, error=error)
        return found

    async def get(self, hunt: str) -> Hunt | None:
        """Return one hunt, or None if there is no hunt of that id.

        Raises:
            HuntFailed: Its definition cannot be read.
        """
        rows = await self._select("where h.id = %s", (hunt,))
        try:
            return self._rows.hunt(rows[0]) if rows else None
        except DefinitionError as exc:
            raise HuntFailed(f"the definition cannot be read: {exc}") from exc
        except SealError as exc:
            raise HuntFailed(f"hunt {hunt!r} cannot be read: {exc}") from None

    async def _select(self, rest: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with translated():
            async with self._pool.connection() as conn:
                return await (await conn.execute(SELECT + rest, values)).fetchall()

    async def apply(self, definition: Definition, *, seed: bytes, actor: str) -> list[str]:
        """Create a hunt as a draft, or change it; return one sentence for each change.

        A change is a new version.  Prizes that were granted stay granted.

        Args:
            definition: The new definition.
            seed: Seed of the draws, for a new hunt; 32 bytes.
            actor: Name of the operator, for the audit trail.

        Raises:
            WrongState: The hunt has ended.
            DefinitionError: ``closes_at`` has passed by the database's clock.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await reserved(conn, definition.id)
                return await apply(conn, found, definition, seed, actor, self._ring)

    async def create(self, definition: Definition, *, seed: bytes, actor: str) -> list[str]:
        """Create a hunt, as `apply` does.

        Raises:
            WrongState: There is a hunt of that id.
            DefinitionError: ``closes_at`` has passed by the database's clock.
        """
        with translated():
            async with self._pool.transaction() as conn:
                if await reserved(conn, definition.id) is not None:
                    raise WrongState(f"there is a hunt {definition.id!r} already")
                return await apply(conn, None, definition, seed, actor, self._ring)

    async def open_new(self, definition: Definition, *, seed: bytes, actor: str) -> bool:
        """Create and open a hunt in one transaction; return False if it exists already.

        Args:
            definition: The definition of the new hunt.
            seed: Seed of the draws, 32 bytes.
            actor: Name of the operator, for the audit trail.
        """
        hunt = definition.id
        with translated():
            async with self._pool.transaction() as conn:
                if await reserved(conn, hunt) is not None:
                    return False
                await apply(conn, None, definition, seed, actor, self._ring)
                await conn.execute("update hunts set state = 'open' where id = %s", (hunt,))
                await record_change(conn, actor, "open", hunt, before="draft", after="open")
        return True

    async def change(
        self, hunt: str, to: Callable[[Definition], Definition], *, actor: str
    ) -> list[str]:
        """Change a hunt, as `apply` does, based on its present definition.

        Args:
            hunt: Id of the hunt.
            to: Takes the present definition and returns the new one.  If it raises, the hunt
                is not changed.
            actor: Name of the operator, for the audit trail.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: The hunt has ended.
            DefinitionError: ``closes_at`` has passed by the database's clock.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await existing(conn, hunt)
                return await apply(conn, found, to(found.definition), b"", actor, self._ring)

    async def versions(self, hunt: str) -> list[Version]:
        """Return all versions of a hunt, newest first.

        Raises:
            HuntFailed: The definition of a version cannot be read.
        """
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(VERSIONS, (hunt,))).fetchall()
        return [_version(row) for row in rows]

    async def open(self, hunt: str, *, actor: str = "operator") -> bool:
        """Open a hunt for clicks, within its times; return False if it is open already.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: It has ended, or its ``closes_at`` has passed.
        """
        return await self._set_state(hunt, "open", actor)

    async def pause(self, hunt: str, *, actor: str = "operator") -> bool:
        """Refuse clicks of a hunt until it is opened again; return False if it is paused already.

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
            WrongState: It is a draft.
        """
        return await self._set_state(hunt, "closed", actor)

    async def end_due(self, hunt: str) -> bool:
        """Record the end of a hunt if its ``closes_at`` has passed by the database's clock.

        Idempotent, and safe to call from several processes at once.

        Returns:
            Whether this call recorded the end.
        """
        with translated():
            async with self._pool.connection() as conn:
                return await end_due(conn, hunt)

    async def delete(self, hunt: str, *, actor: str = "operator") -> None:
        """Delete a hunt without clicks, or a test hunt, and its versions; its audit trail stays.

        A test hunt with clicks is closed first, so that it stays consistent while its rows are
        deleted in short transactions.  Repeat the call after an error.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: It has clicks, and is no test hunt.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await deletable(conn, hunt)
                if not found.last_seq:
                    await delete(conn, found, actor)
                    return
                await move(conn, found, "closed", actor)
            while True:
                async with self._pool.connection() as conn:
                    if not await purge(conn, found):
                        break
            async with self._pool.transaction() as conn:
                await delete(conn, await deletable(conn, hunt), actor)

    async def new_epochs(self, *, actor: str = "operator") -> dict[str, str]:
        """Begin a new epoch of every log, and return the epochs by hunt.

        Use it for a database that was restored from an older backup.  Its logs assign numbers
        a second time, so streams must not resume from event ids of the former epoch.
        """
        with translated():
            async with self._pool.transaction() as conn:
                return await begin_all(conn, actor)

    async def begin_epoch(self, hunt: str, epoch: str, known: int) -> bool:
        """Begin a new epoch of a log that has lost committed rows; return whether it had lost any.

        Streams then get `reset` instead of a wrong resume.  Idempotent, and safe to call from
        several processes: it has no effect unless the log is still of `epoch` and ends before
        `known`.

        Args:
            hunt: Id of the hunt.
            epoch: Epoch in which `known` was committed.
            known: A seq that was committed once.
        """
        with translated():
            async with self._pool.transaction() as conn:
                return await begin_after_loss(conn, hunt, epoch, known)

    async def enter_share(self, hunt: str, share: bytes, *, actor: str = "operator") -> bool:
        """Store the second share of a hunt's seed, encrypted; return False if it is stored already.

        Winning moments are drawn from both shares.

        Args:
            hunt: Id of the hunt.
            share: The share of the third party.
            actor: Name of the operator, for the audit trail.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: The hunt has no second share, or this is not the one that it names.
            SealError: There is no key to encrypt it.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await existing(conn, hunt)
                return await enter_share(conn, found, share, actor, self._ring)

    async def _set_state(self, hunt: str, state: State, actor: str) -> bool:
        with translated():
            async with self._pool.transaction() as conn:
                found = await existing(conn, hunt)
                return await move(conn, found, state, actor)


def _version(row: tuple[Any, ...]) -> Version:
    version, at, actor, definition = row
    try:
        return Version(version, at, actor, from_json(definition))
    except DefinitionError as exc:
        raise HuntFailed(f"version {version} of the definition cannot be read: {exc}") from exc
