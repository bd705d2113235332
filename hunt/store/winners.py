"""The winners of a hunt: the rows of its log that won a prize."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from itertools import starmap

from msgspec import Struct

from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

NUMBER = "select number, last_seq from hunts where id = %s"

# The log has no index of wins, which each commit would pay for.  So a page reads a bounded
# range of the log.  Not prepared: a plan made for this hunt reads its partition only.
PAGE = """
    select r.seq, r.click_id::text, r.player, r.prize, r.points, r.at, r.x, r.y from rewards r
     where r.hunt = %(hunt)s and r.seq > %(after)s and r.seq <= %(upto)s and r.prize is not null
       and (%(prize)s::text is null or r.prize = %(prize)s)
       and (%(player)s::text is null or r.player = %(player)s)
       and (%(since)s::timestamptz is null or r.at >= %(since)s)
       and (%(until)s::timestamptz is null or r.at < %(until)s)
     order by r.seq limit %(limit)s
"""

#: Rows of the log that one page reads, at most.
RANGE = 20_000


class Winner(Struct, frozen=True):
    """A row of the log that won a prize."""

    seq: int
    id: str  #: of the click
    player: str
    prize: str
    points: int
    at: datetime  #: time of settlement, by the database's clock
    x: float  #: position of the click, in map units
    y: float


class Filter(Struct, frozen=True):
    """Which winners to return; None: all."""

    prize: str | None = None
    player: str | None = None
    since: datetime | None = None  #: settled at this time or later
    until: datetime | None = None  #: settled before this time


async def page(
    pool: Pool, hunt: str, wanted: Filter, *, after: int, limit: int
) -> tuple[list[Winner], int | None]:
    """Return winners in the order of the log, and the seq after which to go on.

    A page may have fewer winners than `limit`, or none, although more follow: it reads at most
    `RANGE` rows of the log.

    Args:
        pool: Opened and closed by the caller.
        hunt: Id of the hunt; there are no winners if there is no such hunt.
        wanted: Which winners to return.
        after: Return only winners with a greater seq; >= 0.
        limit: Largest number of winners, >= 1.

    Returns:
        The winners, and None instead of a seq at the end of the log.

    Raises:
        StoreError: The log cannot be read.
    """
    with translated():
        async with pool.transaction() as conn:
            row = await (await conn.execute(NUMBER, (hunt,))).fetchone()
            if row is None:
                return [], None
            number, last = row
            upto = min(last, after + RANGE)
            values = {
                "hunt": number, "after": after, "upto": upto, "prize": wanted.prize,
                "player": wanted.player, "since": wanted.since, "until": wanted.until,
                "limit": limit,
            }  # fmt: skip
            found = await (await conn.execute(PAGE, values, prepare=False)).fetchall()
    winners = list(starmap(Winner, found))
    reached = winners[-1].seq if len(winners) == limit else upto
    return winners, reached if reached < last else None


async def pages(pool: Pool, hunt: str, wanted: Filter) -> AsyncGenerator[list[Winner], None]:
    """Yield all winners in the order of the log, page by page; see `page`."""
    after: int | None = 0
    while after is not None:
        winners, after = await page(pool, hunt, wanted, after=after, limit=RANGE)
        if winners:
            yield winners
