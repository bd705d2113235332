"""Reads a log page by page as events for backends."""

from __future__ import annotations

from itertools import starmap

from hunt.core.log_event import EventFilter, LogEvent
from hunt.errors import HuntNotFound
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

NUMBER = "select number, last_seq from hunts where id = %s"

# The log has no index of wins, so a page reads a bounded range.  Not prepared: a plan made for
# this hunt reads its partition only.  The epoch is read in the same snapshot as the row.
PAGE = """
    select r.seq, r.click_id::text, r.player, r.prize, r.points, r.at, r.x, r.y,
           coalesce((
               select e.epoch from log_epochs e where e.hunt = r.hunt and e.upto >= r.seq
                order by e.number limit 1
           ), (select h.epoch from hunts h where h.number = %(hunt)s))
      from rewards r
     where r.hunt = %(hunt)s and r.seq > %(after)s and r.seq <= %(upto)s
       and (%(all)s or r.prize is not null)
       and (%(prizes)s::text[] is null or r.prize = any(%(prizes)s))
     order by r.seq limit %(limit)s
"""

# The last row that is left of an epoch; of the present one, the last row.
ENDS = """
    select h.epoch, h.last_seq, coalesce(
               (select e.upto from log_epochs e
                 where e.hunt = h.number and e.epoch = %(epoch)s order by e.number limit 1),
               case when h.epoch = %(epoch)s then h.last_seq end)
      from hunts h where h.id = %(hunt)s
"""

#: Rows of the log that one page reads, at most.
RANGE = 20_000


class LogEvents:
    """Events of the logs.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, hunt: str, wanted: EventFilter, *, after: int, limit: int, upto: int | None = None
    ) -> tuple[list[LogEvent], int, bool]:
        """Return events in the order of the log, the seq that was reached, and if more may follow.

        A page may have fewer events than `limit`, or none, although more follow.

        Args:
            hunt: Id of the hunt; there are no events if there is no such hunt.
            wanted: Filter for the rows that are events.
            after: Return only events with a greater seq; >= 0.
            limit: Largest number of events, >= 1.
            upto: Return no events with a greater seq; None: to the end of the log.

        Raises:
            StoreError: The log cannot be read.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(NUMBER, (hunt,))).fetchone()
                if row is None:
                    return [], after, False
                number, end = row
                end = end if upto is None else min(end, upto)
                reach = min(end, after + RANGE)
                if reach <= after:
                    return [], after, False
                values = {
                    "hunt": number, "after": after, "upto": reach, "limit": limit,
                    "all": wanted.events == "clicks",
                    "prizes": None if wanted.prizes is None else list(wanted.prizes),
                }  # fmt: skip
                found = await (await conn.execute(PAGE, values, prepare=False)).fetchall()
        events = list(starmap(LogEvent, found))
        reached = events[-1].seq if len(events) == limit else reach
        return events, reached, reached < end

    async def following(self, hunt: str, wanted: EventFilter, *, after: int) -> int | None:
        """Return the seq of the next event after `after`; None without one.

        Raises:
            StoreError: The log cannot be read.
        """
        more = True
        while more:
            events, after, more = await self.page(hunt, wanted, after=after, limit=1)
            if events:
                return events[0].seq
        return None

    async def ends(self, hunt: str, epoch: str = "") -> tuple[str, int, int | None]:
        """Return the present epoch of a log, its last row, and the last row left of `epoch`.

        The last value is None for an epoch that the log never had.

        Raises:
            HuntNotFound: There is no such hunt.
            StoreError: The log cannot be read.
        """
        with translated():
            async with self._pool.connection() as conn:
                cursor = await conn.execute(ENDS, {"hunt": hunt, "epoch": epoch})
                row = await cursor.fetchone()
        if row is None:
            raise HuntNotFound(f"there is no hunt {hunt!r}")
        return row[0], row[1], row[2]
