"""Timestamps of published heads, in the database."""

from __future__ import annotations

from msgspec import Struct

from hunt.errors import WrongState
from hunt.store.definitions import missing
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

NEWEST = """
    select h.number, h.head is not null, p.number, p.seq, encode(p.head, 'hex'),
           exists (select from proof_timestamps t where t.hunt = p.hunt and t.head = p.number)
      from hunts h
      left join lateral (
          select * from proof_heads p where p.hunt = h.number order by p.number desc limit 1
      ) p on true
     where h.id = %s
"""
KEEP = """
    insert into proof_timestamps (hunt, head, token) values (%s, %s, %s) on conflict do nothing
"""


class Unstamped(Struct, frozen=True):
    """The newest published head of a hunt, which has no timestamp."""

    hunt: int  #: number of the hunt
    number: int  #: number of the head
    seq: int  #: seq of the last row before it
    head: str  #: 64 hex digits


class Timestamps:
    """Timestamps of heads.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self, hunt: str) -> Unstamped | None:
        """Return the newest published head; None if it has a timestamp, or if there is none.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: The hunt has no proof.
        """
        with translated():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(NEWEST, (hunt,))).fetchone()
        if row is None:
            raise missing(hunt)
        number, has_proof, head_number, seq, head, stamped = row
        if not has_proof:
            raise WrongState(
                f"hunt {hunt!r} was created by a release without proofs, and has no heads"
            )
        if head is None or stamped:
            return None
        return Unstamped(number, head_number, seq, head)

    async def keep(self, head: Unstamped, token: bytes) -> None:
        """Store a timestamp; the first one of a head stays."""
        with translated():
            async with self._pool.connection() as conn:
                await conn.execute(KEEP, (head.hunt, head.number, token))
