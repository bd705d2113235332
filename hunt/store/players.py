"""Export and erasure of the data of one player, over all hunts."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from msgspec import Struct

from hunt.core.player_ids import ERASED_PREFIX
from hunt.store.audit import record_change
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

HUNTS = "select number, id from hunts where id >= %s order by id"

# One unprepared statement for each hunt, so that a plan locks only one partition.  With a
# thousand hunts, a statement over all of them would fill the server's lock table.
EXPORT = """
    select r.seq, r.click_id::text, r.x, r.y, r.prize, r.points, hunt_time(r.at),
           case when r.prize is not null then hunt_reward_state(r.hunt, r.seq) end,
           coalesce((
               select jsonb_agg(jsonb_build_object('number', h.number, 'state', h.state,
                          'at', hunt_time(h.at), 'actor', h.actor, 'reason', h.reason)
                          order by h.number)
                 from reward_changes h where h.hunt = r.hunt and h.seq = r.seq), '[]'),
           (select c.sealed from claims c where c.hunt = r.hunt and c.seq = r.seq)
      from rewards r
     where r.hunt = %(hunt)s and r.player = %(player)s and r.seq > %(seq)s
     order by r.seq limit %(limit)s
"""
KNOWN = "select from rewards r where r.hunt = %(hunt)s and r.player = %(player)s limit 1"

ERASE = "select hunt_erase(%(hunt)s, %(player)s, %(pseudonym)s)"

# In hunts whose log has no row of the player, and in entries of releases that wrote ids.
ERASE_ELSEWHERE = (
    "delete from bans where player = %(player)s",
    "delete from player_names where player = %(player)s",
    "update rejected set player = %(pseudonym)s, x = null, y = null where player = %(player)s",
    """
    update campaign_standings set player = %(pseudonym)s
     where campaign = any (array(select number from campaigns)) and player = %(player)s
    """,
    """
    update audit set detail = jsonb_set(detail, '{player}', to_jsonb(%(pseudonym)s::text))
     where detail->>'player' = %(player)s
    """,
)

# Everything else that is stored about a player, table by table.
RECORDS = {
    "leaderboard": """
        select h.id as hunt, s.points, s.wins from standings s join hunts h on h.number = s.hunt
         where s.player = %(player)s order by 1
    """,
    "campaigns": """
        select c.id as campaign, s.points, s.wins
          from campaign_standings s join campaigns c on c.number = s.campaign
         where s.player = %(player)s order by 1
    """,
    "limits": """
        select h.id as hunt, p.prize, p.granted from player_prizes p
          join hunts h on h.number = p.hunt where p.player = %(player)s order by 1, 2
    """,
    "periods": """
        select h.id as hunt, case p.what when 'a' then 'attempts' else 'wins' end as counted,
               p.since::text, p.count
          from player_periods p join hunts h on h.number = p.hunt
         where p.player = %(player)s order by 1, 2
    """,
    "last_clicks": """
        select h.id as hunt, hunt_time(p.at) as at from player_clicks p
          join hunts h on h.number = p.hunt where p.player = %(player)s order by 1
    """,
    "name": """
        select name, claimed, refused, hunt_time(at) as at from player_names
         where player = %(player)s
    """,
    "bans": """
        select h.id as hunt, b.reason, hunt_time(b.until) as until, hunt_time(b.at) as at
          from bans b left join hunts h on h.number = b.hunt
         where b.player = %(player)s order by b.id
    """,
    "rejected": """
        select h.id as hunt, r.click_id::text as id, r.x, r.y, r.reason, hunt_time(r.at) as at
          from rejected r join hunts h on h.number = r.hunt
         where r.player = %(player)s order by r.id
    """,
    "audit": """
        select a.id, hunt_time(a.at) as at, a.action, a.hunt from audit a
         where a.detail->>'player' in (%(player)s, hunt_pseudonym(%(player)s)) order by a.id
    """,
}


class Row(Struct, frozen=True):
    """One click of the player, as recorded in the log."""

    hunt: str
    seq: int
    id: str
    x: float | None  #: map units; None: erased
    y: float | None
    prize: str | None
    points: int
    at: str
    state: str | None  #: None without a prize
    history: list[dict[str, object]]  #: changes of the state, oldest first
    sealed: bytes | None  #: fields of the claim


class Players:
    """Players in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def export(
        self,
        player: str,
        *,
        after: tuple[str, int] = ("", 0),
        limit: int = 1000,
        hunts: Collection[str] | None = None,
    ) -> list[Row]:
        """Return the clicks of a player, ordered by hunt and seq.

        Args:
            player: Id of the player.
            after: Hunt and seq of the last click of the page before.
            limit: Largest number of clicks, >= 1.
            hunts: Ids of the hunts to include; None: all hunts.
        """
        found: list[Row] = []
        first, seq = after
        with translated():
            async with self._pool.connection() as conn:
                for number, hunt in await (await conn.execute(HUNTS, (first,))).fetchall():
                    if hunts is not None and hunt not in hunts:
                        continue
                    values = {
                        "hunt": number,
                        "player": player,
                        "seq": seq if hunt == first else 0,
                        "limit": limit - len(found),
                    }
                    cursor = await conn.execute(EXPORT, values, prepare=False)
                    found += [Row(hunt, *row) for row in await cursor.fetchall()]
                    if len(found) == limit:
                        break
        return found

    async def records(self, player: str) -> dict[str, list[dict[str, object]]]:
        """Return what is stored about a player beside clicks: rows by table, columns by name."""
        found: dict[str, list[dict[str, object]]] = {}
        with translated():
            async with self._pool.connection() as conn:
                for table, query in RECORDS.items():
                    cursor = await conn.execute(query, {"player": player})
                    names = [column.name for column in cursor.description or ()]
                    rows = await cursor.fetchall()
                    found[table] = [dict(zip(names, row, strict=True)) for row in rows]
        return found

    async def erase(self, player: str, *, actor: str) -> tuple[str, int]:
        """Replace a player's id by a random pseudonym; return it, and the number of clicks.

        Positions and the fields of claims are removed.
        Atomic, and safe to repeat: a second call erases clicks since the first one.  The
        draws of these clicks can no longer be verified, because the player's id was part of
        each draw.
        """
        pseudonym = ERASED_PREFIX + secrets.token_hex(8)
        values: dict[str, object] = {"player": player, "pseudonym": pseudonym}
        with translated():
            async with self._pool.connection() as conn:
                hunts = await (await conn.execute(HUNTS, ("",))).fetchall()
                known = []
                for number, _ in hunts:
                    which = values | {"hunt": number}
                    if (await conn.execute(KNOWN, which, prepare=False)).rowcount:
                        known.append(which)
            async with self._pool.transaction() as conn:
                clicks = 0
                for which in known:
                    row = await (await conn.execute(ERASE, which)).fetchone()
                    assert row is not None
                    clicks += row[0]
                for each in ERASE_ELSEWHERE:
                    await conn.execute(each, values)
                await record_change(
                    conn, actor, "erase", None, before={"clicks": clicks}, after={"clicks": 0},
                    player=pseudonym, clicks=clicks,
                )  # fmt: skip
        return pseudonym, clicks
