"""The leaderboard of a campaign, and the standing and history of one player in it."""

from __future__ import annotations

from collections.abc import Collection
from itertools import starmap

from msgspec import Struct

from hunt.core.events import Reward
from hunt.core.key_ring import KeyRing
from hunt.core.leaderboard import LeaderboardEntry
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.leaderboard import STEP
from hunt.store.log import MAX_SEQ, REWARD_COLUMNS, reward_of

ADD_UP = "select upto, rest from hunt_campaign_add_up(%s, %s)"

LEADERS = """
    select s.player, s.points, s.wins, n.name
      from (select s.player, s.points, s.wins, s.reached from campaign_standings s
             where s.campaign = (select number from campaigns where id = %s) and s.wins > 0
             order by s.points desc, s.reached, s.player limit %s) s
      left join player_names n on n.player = s.player and not n.refused
     order by s.points desc, s.reached, s.player
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

REWARDS = f"""
    select d.door, d.hunt, {REWARD_COLUMNS}
      from (select h.door, h.id as hunt from hunts h
             where h.campaign = (select c.number from campaigns c where c.id = %(campaign)s)
               and h.door >= %(door)s and h.last_seq > 0
               and (%(hunts)s::text[] is null or h.id = any(%(hunts)s))) as d,
           lateral hunt_rewards(
               d.hunt, %(player)s, case d.door when %(door)s then %(after)s else 0 end::bigint,
               {MAX_SEQ}::bigint, %(limit)s::int)
     order by d.door, seq limit %(limit)s
"""

#: Largest rank that is returned.
RANKS = 10_000


class OwnRank(Struct, frozen=True):
    """The entry of one player on the leaderboard."""

    rank: int | None  #: >= 1; None beyond `RANKS`
    points: int
    wins: int


class DoorStanding(Struct, frozen=True):
    """The wins of a player in a door that the player has played."""

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
    """Points over all doors of a campaign.

    Args:
        pool: Opened and closed by the caller.
        ring: Keys of encrypted codes.
    """

    def __init__(self, pool: Pool, ring: KeyRing | None = None) -> None:
        self._pool = pool
        self._ring = ring or KeyRing(())

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
        door, seq = after
        values = {
            "campaign": campaign, "player": player, "door": door, "after": seq, "limit": limit,
            "hunts": allowed,
        }  # fmt: skip
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(REWARDS, values)).fetchall()
        return [
            CampaignReward(door, hunt, reward_of(self._ring, hunt, row))
            for door, hunt, *row in rows
        ]
