"""The trees over the codes of prizes, and the key of the salts of a hunt's codes."""

from __future__ import annotations

import secrets

from hunt.core import chain, key_ring
from hunt.core.key_ring import KeyRing
from hunt.store.driver.connection import Connection
from hunt.store.seals import tree

# Loads of codes of a hunt take turns.
KEY = "select sealed_code_key from hunts where number = %s and head is not null"
KEEP_KEY = "update hunts set sealed_code_key = %s where number = %s"

POOL = "select size, peaks from code_pools where hunt = %s and prize = %s"
KEEP = """
    insert into code_pools (hunt, prize, size, peaks) values (%s, %s, %s, %s)
    on conflict (hunt, prize) do update set (size, peaks) = (excluded.size, excluded.peaks)
"""


class CodePool:
    """The tree over the codes of a prize, and their salts.

    Args:
        number: Number of the hunt.
        prize: Id of the prize.
        key: Key of the salts, 32 bytes.
        codes: The tree so far.
    """

    def __init__(self, number: int, prize: str, key: bytes, codes: chain.Tree) -> None:
        self.number = number
        self.prize = prize
        self.codes = codes
        self._key = key

    def salt(self, position: int) -> bytes:
        """Return the salt of a code: 16 bytes."""
        return chain.code_salt(self._key, self.prize, position)

    def add(self, position: int, code: str) -> bytes:
        """Append a code at the next position, and return its leaf."""
        assert position == self.codes.size + 1, "codes without a leaf were loaded before"
        leaf = chain.code_leaf(self.salt(position), code)
        self.codes.append(leaf)
        return leaf


def context(hunt: str) -> bytes:
    """Return the context in which the key of a hunt's codes is sealed."""
    return key_ring.context("code key", hunt)


async def read(
    conn: Connection, ring: KeyRing, number: int, hunt: str, prize: str
) -> CodePool | None:
    """Return the pool of a prize; make the key with the first one.  None without a chain.

    Args:
        conn: A transaction in which no other one loads codes of this hunt.
        ring: Keys of encrypted data.
        number: Number of the hunt.
        hunt: Id of the hunt.
        prize: Id of the prize.

    Raises:
        SealError: A key is missing.
    """
    row = await (await conn.execute(KEY, (number,))).fetchone()
    if row is None:
        return None
    if row[0] is None:
        key = secrets.token_bytes(32)
        await conn.execute(KEEP_KEY, (ring.seal(key, context(hunt)), number))
    else:
        key = ring.open(bytes(row[0]), context(hunt))
    known = await (await conn.execute(POOL, (number, prize))).fetchone()
    return CodePool(number, prize, key, chain.Tree() if known is None else tree(*known))


async def keep(conn: Connection, pool: CodePool) -> None:
    """Store the tree of a pool."""
    values = (pool.number, pool.prize, pool.codes.size, b"".join(pool.codes.peaks))
    await conn.execute(KEEP, values)
