"""Reads a finished hunt from the database as the lines of its bundle."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from msgspec import Struct

from hunt.core import bundle, chain, seal
from hunt.core.key_ring import KeyRing
from hunt.errors import WrongState
from hunt.store import seeds
from hunt.store.definitions import missing
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

HUNT = """
    select h.number, h.id, h.algorithm, h.epoch, h.seed, h.sealed_seed, h.sealed_share, h.last_seq,
           h.head, h.player_key, h.state
      from hunts h where h.id = %s
"""
ENTRIES = """
    select number, seq, document, definition from proof_entries
     where hunt = %s and number > %s order by number limit 100
"""
HEADS = """
    select p.number, p.seq, encode(p.head, 'hex'), p.at, t.token
      from proof_heads p left join proof_timestamps t on t.hunt = p.hunt and t.head = p.number
     where p.hunt = %s and p.number > %s order by p.number limit 1000
"""
# Not prepared: a plan made for this hunt reads its partition only.
ROWS = """
    select r.seq, r.click_id::text, r.player, r.x, r.y, r.prize, r.points, hunt_time(r.at),
           r.sold_out,
           case when r.x is null then (
               select encode(e.leaf, 'hex') from erased_leaves e
                where e.hunt = r.hunt and e.seq = r.seq) end
      from rewards r where r.hunt = %s and r.seq > %s order by r.seq limit 2000
"""
CODES = """
    select position, prize, encode(leaf, 'hex') from codes
     where hunt = %s and prize = %s and position > %s and leaf is not null
     order by position limit 1000
"""
PRIZES = "select prize from code_pools where hunt = %s order by prize"


class Source(Struct, frozen=True):
    """A finished hunt whose bundle is read."""

    number: int
    start: bundle.Start
    players: chain.Pseudonyms


class Bundles:
    """Bundles of finished hunts.

    Args:
        pool: Opened and closed by the caller.
        ring: Keys of encrypted seeds.
    """

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool = pool
        self._ring = ring

    async def find(self, hunt: str) -> Source:
        """Return a hunt whose bundle may be read.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: It has not ended, or it has no proof.
        """
        rows = await self._rows(HUNT, (hunt,))
        if not rows:
            raise missing(hunt)
        number, id_, algorithm, epoch, seed, sealed, share, last_seq, head, key, state = rows[0]
        if head is None:
            raise WrongState(
                f"hunt {hunt!r} was created by a release without proofs, and has no bundle"
            )
        if state != "closed":
            raise WrongState(f"hunt {hunt!r} has not ended: its bundle would reveal the seed")
        opened = None if share is None else seeds.opened_share(self._ring, id_, share)
        start = bundle.Start(
            format=bundle.FORMAT,
            hunt=id_,
            algorithm=algorithm,
            epoch=epoch,
            seed=seeds.opened(self._ring, id_, seed, sealed).hex(),
            share=None if opened is None else opened.hex(),
            rows=last_seq,
            head=bytes(head).hex(),
        )
        return Source(number, start, chain.Pseudonyms(bytes(key)))

    async def lines(self, source: Source) -> AsyncGenerator[bundle.Line, None]:
        """Yield the lines of a bundle; holds a page of rows at a time.

        Raises:
            StoreError: The database failed.
        """
        yield source.start
        order = _Order()
        entries, heads = self._entries(source.number), self._heads(source.number)
        batches = self._batches(source)
        entry = await anext(entries, None)
        head = await anext(heads, None)
        batch = await anext(batches, None)
        while entry is not None or batch is not None or head is not None:
            # A head that the chain does not give is told where its row is, so that a
            # verifier names it.
            late = head is not None and (head.seq < order.seq or (entry is None and batch is None))
            if head is not None and (late or (head.seq, head.head) == (order.seq, order.head)):
                yield head
                head = await anext(heads, None)
            elif entry is not None and (batch is None or entry[0] < batch.first):
                yield entry[1]
                order.entry(entry[1])
                entry = await anext(entries, None)
            elif batch is not None:
                yield batch
                order.batch(batch)
                batch = await anext(batches, None)
        for (prize,) in await self._rows(PRIZES, (source.number,)):
            async for line in self._codes(source.number, prize):
                yield line

    async def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with translated():
            async with self._pool.connection() as conn:
                return await (await conn.execute(query, values, prepare=False)).fetchall()

    async def _pages(self, query: str, *which: object) -> AsyncGenerator[tuple[Any, ...], None]:
        """Yield the rows of a query whose first column is the position after which it goes on."""
        after = 0
        while page := await self._rows(query, (*which, after)):
            for row in page:
                yield row
            after = page[-1][0]

    async def _entries(self, number: int) -> AsyncGenerator[tuple[int, bundle.Entry], None]:
        async for _, seq, document, definition in self._pages(ENTRIES, number):
            parsed = None if definition is None else bundle.parse(definition)
            yield seq, bundle.Entry(bundle.parse(document), parsed)

    async def _heads(self, number: int) -> AsyncGenerator[bundle.Head, None]:
        async for _, seq, head, at, token in self._pages(HEADS, number):
            timestamp = None if token is None else b64encode(token).decode()
            yield bundle.Head(seq, head, seal.moment(at), timestamp)

    async def _batches(self, source: Source) -> AsyncGenerator[bundle.Batch, None]:
        """Yield the batches: consecutive rows with the same time."""
        first, at, rows = 1, "", list[bundle.Row]()
        async for row in self._pages(ROWS, source.number):
            if rows and row[7] != at:
                yield bundle.Batch(first, at, rows)
                rows = []
            if not rows:
                first, at = row[0], row[7]
            rows.append(_row(row, source.players))
        if rows:
            yield bundle.Batch(first, at, rows)

    async def _codes(self, number: int, prize: str) -> AsyncIterator[bundle.Codes]:
        after = 0
        while page := await self._rows(CODES, (number, prize, after)):
            yield bundle.Codes(prize, page[0][0], [leaf for _, _, leaf in page])
            after = page[-1][0]


class _Order:
    """The head of the chain after the lines so far."""

    def __init__(self) -> None:
        self._head = chain.START
        self.seq = 0

    @property
    def head(self) -> str:
        """The head, in hex."""
        return self._head.hex()

    def entry(self, entry: bundle.Entry) -> None:
        self._head = chain.after_entry(self._head, chain.canonical(entry.document))

    def batch(self, batch: bundle.Batch) -> None:
        results = [(row.prize, row.points, row.sold_out) for row in batch.rows]
        leaves: Iterator[bytes] = map(bundle.leaf_of, batch.rows)
        self._head = chain.after_batch(self._head, batch.first, batch.at, results, leaves)
        self.seq = batch.first + len(batch.rows) - 1


def _row(found: tuple[Any, ...], players: chain.Pseudonyms) -> bundle.Row:
    _, id_, player, x, y, prize, points, _, sold_out, leaf = found
    if x is None:
        # A row whose leaf was lost gets a wrong one, so that a verifier names it.
        return bundle.Row(leaf=leaf or "00" * 32, prize=prize, points=points, sold_out=sold_out)
    name = players.of(player)
    return bundle.Row(id=id_, player=name, x=x, y=y, prize=prize, points=points, sold_out=sold_out)
