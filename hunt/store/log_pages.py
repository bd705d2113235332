"""Reads a whole log page by page, with the positions of its clicks, to verify the draws."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from itertools import starmap

from hunt.core.verification import Drawn
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

NUMBER = "select number from hunts where id = %s"

# Not prepared: a plan made for this hunt reads its partition only.
PAGE = """
    select r.seq, r.click_id::text, r.player, r.x, r.y, r.prize, r.points, r.at from rewards r
     where r.hunt = %(hunt)s and r.seq > %(after)s
       and (%(player)s::text is null or r.player = %(player)s)
     order by r.seq limit %(limit)s
"""

#: Rows of one page.
SIZE = 10_000


async def pages(pool: Pool, hunt: str, player: str | None) -> AsyncGenerator[list[Drawn], None]:
    """Yield the rows of a log in order, page by page.

    Args:
        pool: Opened and closed by the caller.
        hunt: Id of the hunt; nothing is yielded if there is none.
        player: Player whose rows to yield; None: of all players.

    Raises:
        StoreError: The log cannot be read.
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
