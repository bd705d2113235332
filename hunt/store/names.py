"""The names of players in the database."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import starmap

from msgspec import Struct

from hunt.core.names import folded
from hunt.store.audit import record_change
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

FIND = "select player, name, claimed, refused from player_names where player = %s"

SEARCH = """
    select player, name, claimed, refused from player_names
     where folded = %s order by player limit 100
"""

# A name that an operator has refused stays.
PUT = """
    insert into player_names as n (player, name, folded, claimed)
    select player, name, folded, %(claimed)s
      from unnest(%(players)s::text[], %(names)s::text[], %(folded)s::text[])
           as given (player, name, folded)
     order by player
        on conflict (player) do update
           set name = excluded.name, folded = excluded.folded, claimed = excluded.claimed,
               at = clock_timestamp()
         where not n.refused
           and (n.name, n.claimed) is distinct from (excluded.name, excluded.claimed)
"""

REMOVE = "delete from player_names where player = %s and not refused"

REFUSE = """
    update player_names set refused = %(refused)s, at = clock_timestamp()
     where player = %(player)s and refused <> %(refused)s
"""


class PlayerName(Struct, frozen=True):
    """The name of one player."""

    player: str
    name: str
    claimed: bool  #: it is in the player's token
    refused: bool  #: by an operator, so it is not shown


class StoredNames:
    """The names in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, player: str) -> PlayerName | None:
        """Return the name of a player; None without one."""
        found = await self._read(FIND, player)
        return found[0] if found else None

    async def search(self, name: str) -> list[PlayerName]:
        """Return up to 100 players whose names read like this one."""
        return await self._read(SEARCH, folded(name))

    async def put(self, names: Mapping[str, str], *, claimed: bool) -> None:
        """Set the names of players, by player; safe to repeat.  Refused ones stay as they are."""
        values = {
            "players": list(names),
            "names": list(names.values()),
            "folded": [folded(each) for each in names.values()],
            "claimed": claimed,
        }
        with translated():
            async with self._pool.transaction() as conn:
                await conn.execute(PUT, values)

    async def remove(self, player: str) -> None:
        """Remove the name of a player, unless it is refused; safe to repeat."""
        with translated():
            async with self._pool.transaction() as conn:
                await conn.execute(REMOVE, (player,))

    async def refuse(self, player: str, *, refused: bool, actor: str) -> PlayerName | None:
        """Hide the name of a player, or show it again; return it, None without one."""
        with translated():
            async with self._pool.transaction() as conn:
                values = {"player": player, "refused": refused}
                if (await conn.execute(REFUSE, values)).rowcount:
                    before, after = {"refused": not refused}, {"refused": refused}
                    await record_change(
                        conn, actor, "name", None, before=before, after=after, player=player
                    )
        return await self.find(player)

    async def _read(self, query: str, value: str) -> list[PlayerName]:
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(query, (value,))).fetchall()
        return list(starmap(PlayerName, rows))
