"""What the log holds of one player, over all hunts: to be handed out, or made nobody's."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from msgspec import Struct
from psycopg.types.json import Jsonb

from hunt.core.player_ids import ERASED_PREFIX
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

HUNTS = "select number, id from hunts where id >= %s order by id"

# The hunt is a value, and nothing is prepared, so that a plan sees one partition only.
# Asked for all of them at once, a thousand hunts would fill the server's lock table.
EXPORT = """
    select r.seq, r.click_id::text, r.x, r.y, r.prize, r.points, hunt_time(r.at)
      from rewards r
     where r.hunt = %(hunt)s and r.player = %(player)s and r.seq > %(seq)s
     order by r.seq limit %(limit)s
"""
KNOWN = "select from rewards r where r.hunt = %(hunt)s and r.player = %(player)s limit 1"

# The log keeps its rows, or it would have holes and the stock would not add up; nobody
# can tell any more whose they were.
ERASE_LOG = "update rewards set player = %(nobody)s where hunt = %(hunt)s and player = %(player)s"
HOLD_STANDINGS = "select from standings_upto where hunt = %(hunt)s for update"
ERASE_STANDINGS = (
    "update standings set player = %(nobody)s where hunt = %(hunt)s and player = %(player)s"
)
ERASE = (
    "update player_prizes set player = %(nobody)s where player = %(player)s",
    "delete from player_clicks where player = %(player)s",
    "update rejected set player = %(nobody)s where player = %(player)s",
    """
    update audit set detail = jsonb_set(detail, '{player}', to_jsonb(%(nobody)s::text))
     where detail->>'player' = %(player)s
    """,
)

AUDIT = "insert into audit (actor, action, detail) values (%s, %s, %s)"


class Row(Struct, frozen=True):
    """One click of the player, as the log has it."""

    hunt: str
    seq: int
    id: str
    x: float
    y: float
    prize: str | None
    points: int
    at: str


class Players:
    """Players in the database.  The pool is the caller's, to open and to close."""

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
        """Return the player's clicks, by hunt and seq.

        Args:
            player: Whose.
            after: Hunt and seq of the last one that is known.
            limit: At most so many, >= 1.
            hunts: Only of these; None: of all.
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
        """Make what the player did nobody's; return what it is called now, and its clicks.

        It is all or nothing, and safe to repeat: what was clicked meanwhile is found
        then.  The draws of these clicks cannot be checked any more, because they were
        keyed with the player's id.
        """
        nobody = ERASED_PREFIX + secrets.token_hex(8)
        values: dict[str, object] = {"player": player, "nobody": nobody}
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
                    # Or what is being added up now would keep the name.
                    await conn.execute(HOLD_STANDINGS, which)
                    await conn.execute(ERASE_STANDINGS, which)
                    clicks += (await conn.execute(ERASE_LOG, which, prepare=False)).rowcount
                for each in ERASE:
                    await conn.execute(each, values)
                detail = Jsonb({"player": nobody, "clicks": clicks})
                await conn.execute(AUDIT, (actor, "erase", detail))
        return nobody, clicks
