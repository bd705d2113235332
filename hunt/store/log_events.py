"""Reads a log page by page as events for backends."""

from __future__ import annotations

from hunt.core.log_event import LogEvent
from hunt.errors import HuntNotFound
from hunt.store.driver.errors import translated
from hunt.store.event_pages import EventPages

NUMBER = "select number, last_seq from hunts where id = %s"

# The log has no index of wins, so a page reads a bounded range.  The epoch is read in the same
# snapshot as the row.
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


class LogEvents(EventPages[LogEvent]):
    """Rewards, and clicks without one, in the order of the log; their numbers are `seq`."""

    last, rows, event = NUMBER, PAGE, LogEvent

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
