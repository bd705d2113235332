"""Reads the changes of the state of rewards page by page as events for backends."""

from __future__ import annotations

from itertools import starmap

from hunt.core.change_event import ChangeEvent
from hunt.core.log_event import EventFilter
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

LAST = """
    select h.number, u.number from hunts h join reward_changes_upto u on u.hunt = h.number
     where h.id = %s
"""

# Not prepared: a plan made for this hunt reads its partition only.
PAGE = """
    select c.number, c.seq, r.click_id::text, r.player, r.prize, r.points, c.state, c.at, c.reason
      from reward_changes c join rewards r on r.hunt = %(hunt)s and r.seq = c.seq
     where c.hunt = %(hunt)s and c.number > %(after)s and c.number <= %(upto)s
       and (%(prizes)s::text[] is null or r.prize = any(%(prizes)s))
     order by c.number limit %(limit)s
"""

#: Changes that one page reads, at most.
RANGE = 20_000


class ChangeEvents:
    """Changes of the state of rewards, in the order of their numbers.

    The caller opens and closes the pool.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, hunt: str, wanted: EventFilter, *, after: int, limit: int, upto: int | None = None
    ) -> tuple[list[ChangeEvent], int, bool]:
        """Return events in order, the number that was reached, and whether more may follow.

        A page may have fewer events than `limit`, or none, although more follow.

        Args:
            hunt: Id of the hunt; there are no events if there is no such hunt.
            wanted: Prizes whose changes are returned.
            after: Return only events with a greater number; >= 0.
            limit: Largest number of events, >= 1.
            upto: Return no events with a greater number; None: to the end.

        Raises:
            StoreError: The changes cannot be read.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(LAST, (hunt,))).fetchone()
                if row is None:
                    return [], after, False
                number, end = row
                end = end if upto is None else min(end, upto)
                reach = min(end, after + RANGE)
                if reach <= after:
                    return [], after, False
                values = {
                    "hunt": number, "after": after, "upto": reach, "limit": limit,
                    "prizes": None if wanted.prizes is None else list(wanted.prizes),
                }  # fmt: skip
                found = await (await conn.execute(PAGE, values, prepare=False)).fetchall()
        events = list(starmap(ChangeEvent, found))
        reached = events[-1].number if len(events) == limit else reach
        return events, reached, reached < end

    async def following(self, hunt: str, wanted: EventFilter, *, after: int) -> int | None:
        """Return the number of the next event after `after`; None without one.

        Raises:
            StoreError: The changes cannot be read.
        """
        more = True
        while more:
            events, after, more = await self.page(hunt, wanted, after=after, limit=1)
            if events:
                return events[0].number
        return None
