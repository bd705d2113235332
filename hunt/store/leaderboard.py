"""The points and wins of each player of a hunt, added up from the log."""

from __future__ import annotations

from itertools import starmap

from hunt.core.leaderboard import LeaderboardEntry, Standing
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

ADD_UP = "select upto, rest from hunt_add_up(%s, %s)"

LEADERS = """
    select s.player, s.points, s.wins, n.name
      from (select s.player, s.points, s.wins, s.seq from standings s
             where s.hunt = (select number from hunts where id = %s) and s.wins > 0
             order by s.points desc, s.seq limit %s) s
      left join player_names n on n.player = s.player and not n.refused
     order by s.points desc, s.seq
"""

#: Largest rank that is returned.
RANKS = 10_000

# Counts at most so many players, so that the cost is bounded: better ones, and earlier ones with
# equal points, each from the index.
STANDING = """
    with own as (
        select s.* from standings s
         where s.hunt = (select number from hunts where id = %(hunt)s)
           and s.player = %(player)s and s.wins > 0
    )
    select o.points, o.wins,
           (select count(*) from (
                select from standings s where s.hunt = o.hunt and s.points > o.points
                 limit %(most)s) better)
           + (select count(*) from (
                select from standings s
                 where s.hunt = o.hunt and s.points = o.points and s.seq < o.seq and s.wins > 0
                 limit %(most)s) earlier)
      from own o
"""

#: Rows of the log to add up in one call, which takes a fraction of a second.
STEP = 20_000


class StoredLeaderboard:
    """The table of points in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add_up(self, hunt: str) -> tuple[int, int]:
        """Add the next rows of the log, at most `STEP`.

        Idempotent: each row counts once.

        Returns:
            The seq up to which rows have been added, and the number of rows left.

        Raises:
            StoreError: No row was added, or the outcome is unknown.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(ADD_UP, (hunt, STEP))).fetchone()
        assert row is not None
        return row[0], row[1]

    async def leaders(self, hunt: str, limit: int) -> list[LeaderboardEntry]:
        """Return the `limit` best players, best first; a tie goes to the earlier one."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(LEADERS, (hunt, limit))).fetchall()
        return list(starmap(LeaderboardEntry, rows))

    async def standing(self, hunt: str, player: str) -> Standing | None:
        """Return the standing of a player, as far as the log is added up; None without a win."""
        values = {"hunt": hunt, "player": player, "most": RANKS}
        with translated():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(STANDING, values)).fetchone()
        if row is None:
            return None
        points, wins, ahead = row
        return Standing(points, wins, ahead + 1 if ahead < RANKS else None)
