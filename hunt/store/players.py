"""Export and erasure of the data of one player, over all hunts."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from msgspec import Struct
from psycopg.types.json import Jsonb

from hunt.core.player_ids import ERASED_PREFIX
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

HUNTS = "select number, id from hunts where id >= %s order by id"

# One unprepared statement for each hunt, so that a plan locks only one partition.  With a
# thousand hunts, a statement over all of them would fill the server's lock table.
EXPORT = """
    select r.seq, r.click_id::text, r.x, r.y, r.prize, r.points, hunt_time(r.at)
      from rewards r
     where r.hunt = %(hunt)s and r.player = %(player)s and r.seq > %(seq)s
     order by r.seq limit %(limit)s
"""
KNOWN = "select from rewards r where r.hunt = %(hunt)s and r.player = %(player)s limit 1"

ERASE = "select hunt_erase(%(hunt)s, %(player)s, %(pseudonym)s)"

# In hunts whose log has no row of the player, and in entries of releases that wrote ids.
ERASE_ELSEWHERE = (
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

AUDIT = "insert into audit (actor, action, detail) values (%s, %s, %s)"


class Row(Struct, frozen=True):
    """One click of the player, as recorded in the log."""

    hunt: str
    seq: int
    id: str
    x: float
    y: float
    prize: str | None
    points: int
    at: str


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
                detail = Jsonb({"player": pseudonym, "clicks": clicks})
                await conn.execute(AUDIT, (actor, "erase", detail))
        return pseudonym, clicks
