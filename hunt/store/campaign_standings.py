"""The leaderboard of a campaign, and the standing and history of one player in it."""

from __future__ import annotations

from collections.abc import Collection
from itertools import starmap

from msgspec import Struct

from hunt.core.events import Reward
from hunt.core.leaderboard import LeaderboardEntry
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.leaderboard import STEP

ADD_UP = "select upto, rest from hunt_campaign_add_up(%s, %s)"

LEADERS = """
    select s.player, s.points, s.wins from campaign_standings s
     where s.campaign = (select number from campaigns where id = %s) and s.wins > 0
     order by s.points desc, s.reached, s.player limit %s
"""

# Counts at most so many players, so that the cost is bounded.
RANK = """
    with own as (
        select s.* from campaign_standings s
         where s.campaign = (select number from campaigns where id = %(campaign)s)
           and s.player = %(player)s and s.wins > 0
    )
    select o.points, o.wins, (
        select count(*) from (
            select from campaign_standings s
             where s.campaign = o.campaign and s.points >= o.points
               and (s.points > o.points or (s.reached, s.player) < (o.reached, o.player))
             limit %(most)s
        ) as ahead)
      from own o
"""

STANDING = "select door, hunt, wins, points from hunt_campaign_standing(%s, %s)"

REWARDS = """
    select door, hunt, seq, click_id, prize, points, at, x, y, sold_out
      from hunt_campaign_rewards(%s, %s, %s, %s, %s, %s)
"""

#: Largest rank that is told.
RANKS = 10_000


class OwnRank(Struct, frozen=True):
    """The entry of one player on the leaderboard."""

    rank: int | None  #: >= 1; None beyond `RANKS`
    points: int
    wins: int


class DoorStanding(Struct, frozen=True):
    """What a player has won in a door that the player has played."""

    door: int
    hunt: str
    wins: int
    points: int


class CampaignReward(Struct, frozen=True):
    """A reward, with its door."""

    door: int
    hunt: str
    reward: Reward


class CampaignStandings:
    """Points over all doors of a campaign.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add_up(self, campaign: str) -> tuple[int, int]:
        """Add the next rows of the logs, as `hunt.store.leaderboard.StoredLeaderboard.add_up`."""
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(ADD_UP, (campaign, STEP))).fetchone()
        assert row is not None
        return row[0] or 0, row[1] or 0

    async def leaders(self, campaign: str, limit: int) -> list[LeaderboardEntry]:
        """Return the `limit` best players, best first; a tie goes to the earlier one."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(LEADERS, (campaign, limit))).fetchall()
        return list(starmap(LeaderboardEntry, rows))

    async def rank(self, campaign: str, player: str) -> OwnRank | None:
        """Return the entry of a player, or None for a player without wins."""
        values = {"campaign": campaign, "player": player, "most": RANKS}
        with translated():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(RANK, values)).fetchone()
        if row is None:
            return None
        points, wins, ahead = row
        return OwnRank(ahead + 1 if ahead < RANKS else None, points, wins)

    async def standing(self, campaign: str, player: str) -> list[DoorStanding]:
        """Return each door that a player has played, in order; every commit is included."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(STANDING, (campaign, player))).fetchall()
        return list(starmap(DoorStanding, rows))

    async def rewards(
        self,
        campaign: str,
        player: str,
        *,
        after: tuple[int, int] = (0, 0),
        limit: int,
        hunts: Collection[str] | None = None,
    ) -> list[CampaignReward]:
        """Return a player's rewards over all doors, by door and seq.

        Args:
            campaign: Id of the campaign.
            player: Id of the player.
            after: Door and seq of the last reward of the page before.
            limit: Largest number of rewards, >= 1.
            hunts: Ids of the hunts to include; None: all doors.
        """
        allowed = None if hunts is None else list(hunts)
        values = (campaign, player, *after, limit, allowed)
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(REWARDS, values)).fetchall()
        return [
            CampaignReward(
                door, hunt, Reward(seq, click_id, player, prize, points, at, x, y, sold_out)
            )
            for door, hunt, seq, click_id, prize, points, at, x, y, sold_out in rows
        ]
