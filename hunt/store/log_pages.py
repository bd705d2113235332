"""A hunt's log with the places of its clicks, for whoever computes the draws again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from itertools import starmap

from hunt.core.verification import Drawn
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

NUMBER = "select number from hunts where id = %s"

# Not prepared, so that the plan knows the hunt, and sees its partition only.
PAGE = """
    select r.seq, r.click_id::text, r.player, r.x, r.y, r.prize, r.points, r.at from rewards r
     where r.hunt = %(hunt)s and r.seq > %(after)s
       and (%(player)s::text is null or r.player = %(player)s)
     order by r.seq limit %(limit)s
"""

#: Rows that are read at once.
SIZE = 10_000


async def pages(pool: Pool, hunt: str, player: str | None) -> AsyncGenerator[list[Drawn], None]:
    """Yield the rows of a log in order, page by page; of one player, or of all.

    Raises:
        StoreError: It cannot be read.
    """
    after = 0
    while True:
        with translated():
            async with pool.transaction() as conn:
                row = await (await conn.execute(NUMBER, (hunt,))).fetchone()
                if row is None:
                    return
                values = {"hunt": row[0], "after": after, "player": player, "limit": SIZE}
                found = await (await conn.execute(PAGE, values, prepare=False)).fetchall()
        page = list(starmap(Drawn, found))
        if page:
            yield page
        if len(page) < SIZE:
            return
        after = page[-1].seq
