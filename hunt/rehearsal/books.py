"""The stored log of a test hunt, in the form of the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hunt.core.events import Reward
from hunt.core.key_ring import KeyRing
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.log import Log
from hunt.testing.stored_log import PrizeCount, StoredCode, StoredLog

HEAD = "select epoch, last_seq from hunts where id = %s"

COUNTS = """
    select z.id, z.granted, z.stock, z.per_player
      from prizes z join hunts h on h.number = z.hunt
     where h.id = %s and (z.stock is not null or z.per_player is not null)
"""

#: Rows of one read.
PAGE = 1000


async def stored_log(
    pool: Pool, ring: KeyRing, hunt: str, codes: Mapping[str, Sequence[str]]
) -> StoredLog:
    """Return the log of a hunt that gets no more clicks.

    Args:
        pool: The database.
        ring: Opens the codes.
        hunt: Id of the hunt.
        codes: The codes that were loaded, by prize.

    Raises:
        StoreError: It cannot be read.
    """
    with translated():
        async with pool.connection() as conn:
            head = await (await conn.execute(HEAD, (hunt,))).fetchone()
            counts = await (await conn.execute(COUNTS, (hunt,))).fetchall()
    assert head is not None
    log = Log(pool, ring=ring)
    rows: list[Reward] = []
    while page := await log.read(hunt, rows[-1].seq if rows else 0, 2**62, limit=PAGE):
        rows += page
    bound = [
        StoredCode(prize=row.prize or "", code=row.code.text, reward=row.seq)
        for row in rows
        if row.code is not None
    ]
    given = {(each.prize, each.code) for each in bound}
    left = [
        StoredCode(prize=prize, code=code)
        for prize, loaded in codes.items()
        for code in loaded
        if (prize, code) not in given
    ]
    return StoredLog(
        hunt=hunt,
        epoch=head[0],
        last_seq=head[1],
        rows=rows,
        stocks=[
            PrizeCount(prize=prize, granted=granted, stock=stock, per_player=per_player)
            for prize, granted, stock, per_player in counts
        ],
        codes=[*bound, *left],
    )
