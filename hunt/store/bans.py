"""Bans in the database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import trio
from msgspec import Struct

from hunt.core.bans import Ban
from hunt.errors import BanNotFound, HuntError, HuntNotFound
from hunt.store.audit import record_change
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.reward_states import RewardStates

#: Seconds after which all nodes obey a new ban.
OBEYED = 1.0

_COLUMNS = "b.id, b.player, b.network::text, h.id, b.reason, b.until, b.at, b.actor"

READ = f"""
    select {_COLUMNS} from bans b left join hunts h on h.number = b.hunt
     where b.until is null or b.until > clock_timestamp() order by b.id
"""

HUNTS = "select id from hunts order by id"

HUNT = "select number from hunts where id = %s"

# Bans that are over are kept for a day, so that operators see them in a conflict of ids.
CLEAN = "delete from bans where until < clock_timestamp() - interval '1 day'"

# Ends the race of two first bans of a client: the entries in the audit trail are in order.
TURN = "select pg_advisory_xact_lock(hashtextextended('bans', 0))"

REPLACED = """
    select reason, until from bans
     where player is not distinct from %(player)s
       and network is not distinct from %(network)s::cidr
       and hunt is not distinct from %(hunt)s::int
"""

ADD = f"""
    with added as (
        insert into bans as b (player, network, hunt, reason, until, actor)
        values (%(player)s, %(network)s, %(hunt)s, %(reason)s,
                clock_timestamp() + make_interval(secs => %(seconds)s), %(actor)s)
        on conflict ((coalesce(player, '')), (coalesce(network::text, '')), (coalesce(hunt, 0)))
        do update set reason = excluded.reason, until = excluded.until, at = excluded.at,
                      actor = excluded.actor
        returning *
    )
    select {_COLUMNS} from added b left join hunts h on h.number = b.hunt
"""

FIND = f"""
    select {_COLUMNS} from bans b left join hunts h on h.number = b.hunt
     where b.id = %s for update of b
"""

REMOVE = "delete from bans where id = %s"

# Every process reads its hunts after such a notice, and the bans with them.
NOTIFY = "select pg_notify('hunt_hunts', '')"

_NAMES = ("id", "player", "network", "hunt", "reason", "until", "at", "actor")


class NewBan(Struct, frozen=True, kw_only=True):
    """A ban to be added."""

    player: str | None = None  #: one of player and network is None
    network: str | None = None  #: as returned by `hunt.core.bans.parse_network`
    hunt: str | None = None  #: None: all hunts
    reason: str = ""
    seconds: float | None = None  #: duration, > 0; None: no end


class StoredBans:
    """Bans in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self) -> list[Ban]:
        """Return the bans in force, oldest first.

        Raises:
            StoreError: They cannot be read.
        """
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(READ)).fetchall()
        return [_ban(row) for row in rows]

    async def add(self, new: NewBan, *, actor: str) -> Ban:
        """Add a ban, or replace that of the same client in the same hunts.

        Raises:
            HuntNotFound: There is no such hunt.
            StoreError: The ban was not added, or the outcome is unknown.
        """
        with translated():
            async with self._pool.transaction() as conn:
                await conn.execute(CLEAN)
                number = None
                if new.hunt is not None:
                    found = await (await conn.execute(HUNT, (new.hunt,))).fetchone()
                    if found is None:
                        raise HuntNotFound(f"there is no hunt {new.hunt!r}")
                    number = found[0]
                values = {
                    "player": new.player,
                    "network": new.network,
                    "hunt": number,
                    "reason": new.reason,
                    "seconds": new.seconds,
                    "actor": actor,
                }
                await conn.execute(TURN)
                former = await (await conn.execute(REPLACED, values)).fetchone()
                row = await (await conn.execute(ADD, values)).fetchone()
                assert row is not None
                ban = _ban(row)
                before = None if former is None else _terms(*former)
                after = _terms(ban.reason, ban.until)
                await _record(conn, actor, "ban", ban, before, after)
                await conn.execute(NOTIFY)
        return ban

    async def void(self, new: NewBan, *, actor: str) -> int:
        """Void the rewards of a banned player; return how many had not been void.

        Clicks that are on their way may still win, so it voids again after `OBEYED` seconds.
        Rewards that were sent stay.  Safe to repeat, also after a cancellation.

        Args:
            new: A ban that was added.
            actor: Name of the operator, for the audit trail.

        Raises:
            HuntError: The reason names the player, whose id must not outlive an erasure.
            StoreError: The rewards of some hunts may not be void.
        """
        hunts = [new.hunt] if new.hunt is not None else await self._hunts()
        voided = await self._void(new, hunts, actor)
        await trio.sleep(OBEYED)
        return voided + await self._void(new, hunts, actor)

    async def _void(self, new: NewBan, hunts: Collection[str], actor: str) -> int:
        """Void the present rewards of a banned player; return how many had not been void."""
        assert new.player is not None, "networks have no rewards"
        states, voided = RewardStates(self._pool), 0
        reason = new.reason or "banned"
        for hunt in hunts:
            asked = await states.change(hunt, "void", actor=actor, player=new.player, reason=reason)
            for each in asked:
                if each.wrong is not None:
                    raise HuntError(f"{hunt}, seq {each.seq}: {each.wrong}")
            voided += sum(each.before != "void" for each in asked)
        return voided

    async def _hunts(self) -> list[str]:
        with translated():
            async with self._pool.connection() as conn:
                return [row[0] for row in await (await conn.execute(HUNTS)).fetchall()]

    async def remove(self, number: int, *, actor: str, hunts: Collection[str] | None = None) -> Ban:
        """Lift a ban, and return it.

        Args:
            number: Id of the ban.
            actor: Name of the operator who lifts it.
            hunts: Ids of the hunts whose bans may be lifted; None: all bans.

        Raises:
            BanNotFound: There is no such ban.
            StoreError: The ban was not lifted, or the outcome is unknown.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(FIND, (number,))).fetchone()
                if row is None or (hunts is not None and _ban(row).hunt not in hunts):
                    raise BanNotFound(f"there is no ban {number}")
                ban = _ban(row)
                await conn.execute(REMOVE, (number,))
                before = _terms(ban.reason, ban.until)
                await _record(conn, actor, "unban", ban, before, None)
                await conn.execute(NOTIFY)
        return ban


def _ban(row: tuple[object, ...]) -> Ban:
    return Ban(**dict(zip(_NAMES, row, strict=True)))  # type: ignore[arg-type]


def _terms(reason: str, until: datetime | None) -> dict[str, object]:
    """Return what may differ between two bans of a client, for the audit trail."""
    return {"reason": reason, "until": None if until is None else until.isoformat()}


async def _record(
    conn: Connection, actor: str, action: str, ban: Ban, before: object, after: object
) -> None:
    client = {"player": ban.player} if ban.player is not None else {"network": ban.network}
    await record_change(conn, actor, action, ban.hunt, before=before, after=after, **client)
