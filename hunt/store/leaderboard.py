"""Who has how many points in a hunt."""

from __future__ import annotations

from itertools import starmap

from hunt.core.leaderboard import LeaderboardEntry
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

ADD_UP = "select upto, rest from hunt_add_up(%s, %s)"

LEADERS = """
    select s.player, s.points, s.wins from standings s
     where s.hunt = (select number from hunts where id = %s)
     order by s.points desc, s.seq limit %s
"""

#: Rows of the log that are added up at once: a fraction of a second.
STEP = 20_000


class StoredLeaderboard:
    """StoredLeaderboard in the database.  The pool is the caller's, to open and to close."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add_up(self, hunt: str) -> tuple[int, int]:
        """Add up to `STEP` more rows of the log.

        Returns:
            The seq up to which it is done now, and how many rows are left.

        Raises:
            StoreError: Nothing was added up, or that is not known; it is safe to repeat.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(ADD_UP, (hunt, STEP))).fetchone()
        assert row is not None
        return row[0], row[1]

    async def leaders(self, hunt: str, limit: int) -> list[LeaderboardEntry]:
        """Return the best, by points; of two with the same, who had them first is ahead."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(LEADERS, (hunt, limit))).fetchall()
        return list(starmap(LeaderboardEntry, rows))
