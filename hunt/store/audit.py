"""The audit trail: actions of operators and of the server, append-only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from msgspec import Struct, field
from psycopg.types.json import Jsonb

from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

# At the database's time.
CHANGED = "insert into audit (actor, action, hunt, detail) values (%s, %s, %s, %s)"

RECORD = "insert into audit (at, actor, action, hunt, detail) values (%s, %s, %s, %s, %s)"

LIST = """
    select id, at, actor, action, hunt, detail from audit
     where (%(before)s::bigint is null or id < %(before)s)
       and (%(hunts)s::text[] is null or hunt = any(%(hunts)s))
       and (%(player)s::text is null
            or detail->>'player' in (%(player)s, hunt_pseudonym(%(player)s)))
     order by id desc limit %(limit)s
"""


# Reads the newest entry: a hunt without clicks may have been deleted, and its id reused.
COMMITMENT = """
    select at, actor, detail->>'commitment' from audit
     where hunt = %s and action = 'create' order by id desc limit 1
"""


async def record_change(
    conn: Connection,
    actor: str,
    action: str,
    hunt: str | None,
    *,
    before: object,
    after: object,
    **more: object,
) -> None:
    """Add the entry of a change within its transaction, at the database's time.

    Args:
        conn: Has the transaction.
        actor: Name of the operator, or of the part of the server.
        action: Name of the action.
        hunt: Id of the hunt; None: it concerns no hunt, or several.
        before: The former state, as JSON values; None: it did not exist.
        after: The same after the change; None: it does not exist any more.
        more: Further details, without secrets; an id of a player only as ``player``.
    """
    detail = {"before": before, "after": after, **more}
    await conn.execute(CHANGED, (actor, action, hunt, Jsonb(detail)))


class Entry(Struct, frozen=True, kw_only=True):
    """One action."""

    actor: str
    action: str
    hunt: str | None = None
    detail: dict[str, object] = {}
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: int | None = None  #: ascending; None until the entry is recorded


class Commitment(Struct, frozen=True):
    """The commitment to a hunt's seed, as recorded when the hunt was created."""

    at: datetime  #: by the database's clock
    actor: str
    sha256: str  #: of the seed, in hex


class Audit:
    """Entries in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            StoreError: The entry was not recorded, or the outcome is unknown.
        """
        values = (entry.at, entry.actor, entry.action, entry.hunt, Jsonb(entry.detail))
        with translated():
            async with self._pool.connection() as conn:
                await conn.execute(RECORD, values)

    async def commitment(self, hunt: str) -> Commitment | None:
        """Return the recorded commitment of a hunt, or None if there is none."""
        with translated():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(COMMITMENT, (hunt,))).fetchone()
        return None if row is None or row[2] is None else Commitment(*row)

    async def list(
        self,
        *,
        hunts: Collection[str] | None = None,
        player: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """Return entries, newest first.

        Args:
            hunts: Ids of the hunts to include; None: all entries, also those without a hunt.
            player: Id of the player to whom the entries refer; None: all entries.
            before: Exclusive upper bound of the ids.
            limit: Largest number of entries, >= 1.
        """
        values = {
            "hunts": None if hunts is None else list(hunts), "player": player, "before": before,
            "limit": limit,
        }  # fmt: skip
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(LIST, values)).fetchall()
        names = ("id", "at", "actor", "action", "hunt", "detail")
        return [Entry(**dict(zip(names, row, strict=True))) for row in rows]
