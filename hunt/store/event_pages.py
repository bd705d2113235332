"""Reads a numbered log of each hunt page by page as events for backends."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap
from typing import ClassVar, Generic, TypeVar

from hunt.core.log_event import EventFilter
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

#: Rows of the log that one page reads, at most.
RANGE = 20_000

E = TypeVar("E")


class EventPages(Generic[E]):
    """Events of one log of each hunt, in the order of their numbers.

    The caller opens and closes the pool.

    Attributes:
        last: Statement that returns the key of the hunt with an id, and the last number of its log.
        rows: Statement that returns a page of rows; the first column is the number.
        event: Makes an event from the columns of a row.
    """

    last: ClassVar[str]
    rows: ClassVar[str]
    event: Callable[..., E]

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, hunt: str, wanted: EventFilter, *, after: int, limit: int, upto: int | None = None
    ) -> tuple[list[E], int, bool]:
        """Return events in order, the number that was reached, and whether more may follow.

        A page may have fewer events than `limit`, or none, although more follow.

        Args:
            hunt: Id of the hunt; there are no events if there is no such hunt.
            wanted: Filter for the rows that are events.
            after: Return only events with a greater number; >= 0.
            limit: Largest number of events, >= 1.
            upto: Return no events with a greater number; None: to the end of the log.

        Raises:
            StoreError: The log cannot be read.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(self.last, (hunt,))).fetchone()
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
                # Not prepared: a plan made for this hunt reads its partition only.
                found = await (await conn.execute(self.rows, values, prepare=False)).fetchall()
        reached = found[-1][0] if len(found) == limit else reach
        return list(starmap(self.event, found)), reached, reached < end

    async def following(self, hunt: str, wanted: EventFilter, *, after: int) -> int | None:
        """Return the number of the next event after `after`; None without one.

        Raises:
            StoreError: The log cannot be read.
        """
        more = True
        while more:
            events, after, more = await self.page(hunt, wanted, after=after, limit=1)
            if events:
                return after
        return None
