"""Every encrypted column of the database: which keys seal it, and its rotation to the first key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from hunt.core import claims, codes
from hunt.core.key_ring import KeyRing, key_id
from hunt.store import code_pools, seeds, webhook_secrets
from hunt.store.audit import record_change
from hunt.store.codes import RESERVE
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

#: Rows that one transaction encrypts again.
BATCH = 500


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column with sealed bytes."""

    name: str  #: of its data, in the plural, for people
    table: str
    column: str
    key: Sequence[str]  #: columns of the primary key
    context: Callable[..., bytes]  #: takes the id of the hunt, and the values of `key`
    hunt: LiteralString = "t.hunt"  #: SQL of the number of the hunt, in a row t
    #: Takes the ring, the plain data, the id of the hunt: other columns that depend on the key.
    also: Callable[[KeyRing, bytes, str], Mapping[str, object]] = lambda *_: {}


#: All encrypted columns; a new one needs a line here.
COLUMNS: Sequence[SealedColumn] = (
    SealedColumn(
        "seeds", "hunts", "sealed_seed", ("number",),
        lambda hunt, _: seeds.context(hunt), hunt="t.number",
    ),
    SealedColumn(
        "seed shares", "hunts", "sealed_share", ("number",),
        lambda hunt, _: seeds.share_context(hunt), hunt="t.number",
    ),
    SealedColumn(
        "code keys", "hunts", "sealed_code_key", ("number",),
        lambda hunt, _: code_pools.context(hunt), hunt="t.number",
    ),
    SealedColumn(
        "codes", "codes", "sealed", ("hunt", "prize", "position"),
        lambda hunt, _, prize, position: codes.context(hunt, prize, position),
        also=lambda ring, plain, hunt: {
            "digest": ring.digests(plain, codes.digest_context(hunt))[0]
        },
    ),
    SealedColumn(
        "claims", "claims", "sealed", ("hunt", "seq"),
        lambda hunt, _, seq: claims.sealing_context(hunt, seq),
    ),
    SealedColumn(
        "webhook secrets", "webhook_secrets", "sealed", ("webhook", "number"),
        lambda hunt, webhook, _: webhook_secrets.secret_context(hunt, webhook),
        hunt="(select w.hunt from webhooks w where w.id = t.webhook)",
    ),
)  # fmt: skip

COUNT = """
    select convert_from(substr(s, 3, get_byte(s, 1)), 'UTF8') as key, count(*)
      from (select {column} as s from {table} where {column} is not null) t
     group by key order by key
"""

PAGE = """
    select h.id, t.{column}, {key} from {table} t join hunts h on h.number = {hunt}
     where t.{column} is not null and ({key}) > ({after})
     order by {key} limit {limit} for update of t
"""
FIRST = PAGE.replace(" and ({key}) > ({after})", "")

CHANGE = "update {table} set {values} where {which}"

CLEAR_SEEDS = "select count(*) from hunts where seed is not null"
CLEAR_SEED = """
    select number, id, seed from hunts where seed is not null order by number limit 1 for update
"""
SEAL_SEED = "update hunts set seed = null, sealed_seed = %s where number = %s"

CODE_PRIZES = """
    select h.number, h.id, z.id from hunts h join prizes z on z.hunt = h.number
     where z.code_keys <> array[%s] and z.code_keys <> '{}' order by h.number, z.id
"""
CODE_KEYS = """
    select coalesce(array_agg(distinct convert_from(
               substr(c.sealed, 3, get_byte(c.sealed, 1)), 'UTF8')), '{}')
      from codes c where c.hunt = %s and c.prize = %s
"""
KEEP_KEYS = "update prizes set code_keys = %s where hunt = %s and id = %s"


class Sealed:
    """The encrypted data of the database.

    Args:
        pool: Opened and closed by the caller.
        ring: The keys; the first one seals.
    """

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool = pool
        self._ring = ring

    async def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of values by kind of data, and by the id of the key that seals them.

        Seeds that are not encrypted have the empty id.
        """
        found: dict[str, dict[str, int]] = {}
        with translated():
            async with self._pool.transaction() as conn:
                for each in COLUMNS:
                    query = sql.SQL(COUNT).format(**_names(each))
                    rows = await (await conn.execute(query, prepare=False)).fetchall()
                    found[each.name] = dict(rows)
                row = await (await conn.execute(CLEAR_SEEDS)).fetchone()
                if row is not None and row[0]:
                    found["seeds"][""] = row[0]
        return found

    async def rotate(self, *, actor: str) -> dict[str, int]:
        """Seal with the first key what another key seals, and the seeds that are not encrypted.

        In small transactions, while servers run.  After an interruption, a second call does
        the rest.

        Args:
            actor: Name of the operator, for the audit trail.

        Returns:
            The number of values that were sealed again, by kind of data.

        Raises:
            SealError: There is no key, or one that is needed is missing.
        """
        done: Counter[str] = Counter()
        first = self._ring.first
        before = await self.counts()
        with translated():
            # Two entries, because the rotation may be interrupted between its transactions.
            await self._record(actor, "rotate keys begun", before, None)
            done["seeds"] += await self._seal_seeds()
            for each in COLUMNS:
                done[each.name] += await self._rotate(each)
            await self._keep_code_keys(first)
        await self._record(actor, "rotate keys", before, await self.counts())
        return dict(done)

    async def _record(self, actor: str, action: str, before: object, after: object) -> None:
        with translated():
            async with self._pool.transaction() as conn:
                await record_change(
                    conn, actor, action, None,
                    before=before, after=after, key=self._ring.first,
                )  # fmt: skip

    async def _seal_seeds(self) -> int:
        count = 0
        while True:
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(CLEAR_SEED)).fetchone()
                if row is None:
                    return count
                number, hunt, seed = row
                sealed = self._ring.seal(bytes(seed), seeds.context(hunt))
                await conn.execute(SEAL_SEED, (sealed, number))
                count += 1

    async def _rotate(self, column: SealedColumn) -> int:
        count, after = 0, None
        while True:
            async with self._pool.transaction() as conn:
                rows = await _page(conn, column, after)
                for hunt, sealed, *key in rows:
                    count += await self._reseal(conn, column, hunt, sealed, key)
            if len(rows) < BATCH:
                return count
            after = rows[-1][2:]

    async def _reseal(
        self,
        conn: Connection,
        column: SealedColumn,
        hunt: str,
        sealed: bytes,
        key: Sequence[object],
    ) -> bool:
        """Seal one row with the first key; return whether it had another one."""
        if key_id(sealed) == self._ring.first:
            return False
        context = column.context(hunt, *key)
        plain = self._ring.open(sealed, context)
        changed: dict[str, object] = {column.column: self._ring.seal(plain, context)}
        changed |= column.also(self._ring, plain, hunt)
        query = sql.SQL(CHANGE).format(
            table=sql.Identifier(column.table),
            values=_assigned(changed, ", "),
            which=_assigned(column.key, " and "),
        )
        await conn.execute(query, [*changed.values(), *key])
        return True

    async def _keep_code_keys(self, first: str) -> None:
        """Record for each prize which keys its codes need; no code is loaded meanwhile."""
        async with self._pool.transaction() as conn:
            prizes = await (await conn.execute(CODE_PRIZES, (first,))).fetchall()
        for number, hunt, prize in prizes:
            async with self._pool.transaction() as conn:
                await conn.execute(RESERVE, (hunt,))
                row = await (await conn.execute(CODE_KEYS, (number, prize))).fetchone()
                assert row is not None
                await conn.execute(KEEP_KEYS, (row[0], number, prize))


async def _page(
    conn: Connection, column: SealedColumn, after: Sequence[object] | None
) -> list[tuple[Any, ...]]:
    """Return the next rows in the order of their key, locked."""
    names = _names(column) | {
        "key": sql.SQL(", ").join(sql.SQL("t.") + sql.Identifier(each) for each in column.key),
        "after": sql.SQL(", ").join(sql.Placeholder() for _ in column.key),
        "limit": sql.Literal(BATCH),
    }
    query = sql.SQL(FIRST if after is None else PAGE).format(**names)
    return await (await conn.execute(query, after or ())).fetchall()


def _names(column: SealedColumn) -> dict[str, sql.Composable]:
    return {
        "table": sql.Identifier(column.table),
        "column": sql.Identifier(column.column),
        "hunt": sql.SQL(column.hunt),
    }


def _assigned(names: Sequence[str] | Mapping[str, object], between: str) -> sql.Composed:
    """Return ``name = value`` for each name, with a placeholder as the value."""
    return sql.SQL(between).join(
        sql.Identifier(each) + sql.SQL(" = ") + sql.Placeholder() for each in names
    )
