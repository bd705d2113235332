"""The public part of the proof of a running hunt: seals, heads, and the codes of a player."""

from __future__ import annotations

from datetime import datetime
from itertools import starmap

from msgspec import Struct

from hunt.core.key_ring import KeyRing
from hunt.store import code_pools
from hunt.store.definitions import missing
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

PRESENT = """
    select h.number, h.algorithm, h.last_seq, encode(h.head, 'hex'), clock_timestamp()
      from hunts h where h.id = %s
"""
SEALS = """
    select document, encode(sha256(convert_to(document, 'UTF8')), 'hex') from proof_entries
     where hunt = %s and definition is not null order by number
"""
HEADS = """
    select p.seq, encode(p.head, 'hex'), p.at
      from proof_heads p join hunts h on h.number = p.hunt
     where h.id = %s and p.seq > %s order by p.number limit %s
"""
OWN_CODES = """
    select c.reward, c.prize, c.position
      from codes c join rewards r on r.seq = c.reward
     where c.hunt = %(hunt)s and r.hunt = %(hunt)s and r.player = %(player)s
       and c.leaf is not null
     order by c.reward limit 1000
"""
PUBLISH = "select hunt_publish_heads()"


class PublishedHead(Struct, frozen=True):
    """A head of a chain."""

    seq: int  #: of the last row before it
    head: str  #: 64 hex digits
    at: datetime


class Present(Struct, frozen=True):
    """The proof of a hunt as it is now."""

    algorithm: int
    seals: list[tuple[str, str]]  #: text and hash of each, oldest first
    head: PublishedHead | None  #: None without a chain


class OwnCode(Struct, frozen=True):
    """A code of a player, with what shows that it is the sealed one."""

    seq: int
    prize: str
    position: int
    salt: str  #: in hex


class Proofs:
    """Proofs in the database.

    Args:
        pool: Opened and closed by the caller.
        ring: Keys of encrypted data.
    """

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool = pool
        self._ring = ring

    async def present(self, hunt: str) -> Present:
        """Return seals and head of a hunt.

        Raises:
            HuntNotFound: There is no such hunt.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(PRESENT, (hunt,))).fetchone()
                if row is None:
                    raise missing(hunt)
                number, algorithm, seq, head, at = row
                seals = await (await conn.execute(SEALS, (number,))).fetchall()
        found = None if head is None else PublishedHead(seq, head, at)
        return Present(algorithm, seals, found)

    async def heads(self, hunt: str, after: int, limit: int) -> list[PublishedHead]:
        """Return published heads with a seq > `after`, in their order."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(HEADS, (hunt, after, limit))).fetchall()
        return list(starmap(PublishedHead, rows))

    async def own_codes(self, hunt: str, player: str) -> list[OwnCode]:
        """Return the codes of a player, at most 1,000.

        Raises:
            SealError: The key of the salts cannot be opened.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(PRESENT, (hunt,))).fetchone()
                if row is None:
                    raise missing(hunt)
                values = {"hunt": row[0], "player": player}
                # Not prepared: a plan made for this hunt locks its partition only.
                cursor = await conn.execute(OWN_CODES, values, prepare=False)
                found = await cursor.fetchall()
                pools = {
                    prize: await code_pools.read(conn, self._ring, row[0], hunt, prize)
                    for prize in {prize for _, prize, _ in found}
                }
        return [
            OwnCode(seq, prize, position, pool.salt(position).hex())
            for seq, prize, position in found
            if (pool := pools[prize]) is not None
        ]

    async def publish(self) -> None:
        """Record the present heads and tell them to streams; every process may call this."""
        with translated():
            async with self._pool.connection() as conn:
                await conn.execute(PUBLISH)
