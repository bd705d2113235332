"""A test hunt is deleted with its clicks, in steps, and other hunts never are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from psycopg import errors as pg
from psycopg import sql

from hunt.core.definition import Definition, Prize, Quota
from hunt.core.schedule import NewEntry
from hunt.errors import DefinitionError, HuntNotFound, HuntNotOpen, WrongState
from hunt.store import deletions
from hunt.store.audit import Audit
from hunt.store.bans import NewBan, StoredBans
from hunt.store.definitions import Found
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from hunt.store.reward_states import RewardStates
from hunt.store.schedule import Schedule
from tests.store.open_log import PLAIN, click, opened, rewards
from tests.store.test_schedule import LATER

TABLES = """
    select relname::text from pg_class
     where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
       and relname not in ('audit', 'audit_key', 'hunt_schema', 'hunt_functions')
"""

TEST = replace(
    PLAIN,
    id="test-harbour",
    test=True,
    cooldown=0.0,
    attempts=Quota(100, "day"),
    max_wins=Quota(50, "hunt"),
    prizes=(Prize("coin", "Coin", 5, 0.5, 700, 9),),
)


async def rows(pool: Pool) -> dict[str, int]:
    """Return the number of rows of each table that is not empty, the audit trail left out."""
    found = {}
    async with pool.connection() as conn:
        names = await conn.execute(TABLES)
        for (table,) in await names.fetchall():
            statement = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
            row = await (await conn.execute(statement)).fetchone()
            assert row is not None
            if row[0]:
                found[table] = row[0]
    return found


async def test_test_hunt_is_deleted_with_all_its_rows_and_other_hunts_stay(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletions, "PURGED", 7)
    async with opened(database) as (log, pool):
        await log.append("harbour", [click() for _ in range(5)])
        before = await rows(pool)
        hunts = Hunts(pool)
        await hunts.apply(TEST, seed=b"s" * 32, actor="test")
        await hunts.open(TEST.id)
        batch = [click(f"player-{number % 9}", prize="coin") for number in range(40)]
        won = rewards(await log.append(TEST.id, batch))
        assert all(each.test for each in won)
        await RewardStates(pool).change(TEST.id, "void", actor="test", seqs=[1], reason="x")
        await StoredLeaderboard(pool).add_up(TEST.id)
        await StoredBans(pool).add(NewBan(player="ada", hunt=TEST.id), actor="test")
        await Schedule(pool).add(TEST.id, NewEntry(at=LATER, action="close"), actor="test")
        assert {"player_prizes", "standings", "reward_changes", "schedule"} <= set(await rows(pool))
        await hunts.delete(TEST.id, actor="root")
        assert await rows(pool) == before
        assert await hunts.get(TEST.id) is None
        [last, *_] = await Audit(pool).list(hunts=[TEST.id])
        assert (last.actor, last.action) == ("root", "delete")
        with pytest.raises(HuntNotFound):
            await log.append(TEST.id, [click()])
        with pytest.raises(WrongState, match="has clicks"):
            await hunts.delete("harbour")


async def test_interrupted_purge_is_continued(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database, TEST) as (log, pool):
        hunts = Hunts(pool)
        await log.append(TEST.id, [click() for _ in range(20)])
        with monkeypatch.context() as patch:
            patch.setattr(deletions, "PURGED", 6)
            patch.setattr("hunt.store.hunts.purge", fails_after(2))
            with pytest.raises(ConnectionError):
                await hunts.delete(TEST.id)
        stored = await hunts.get(TEST.id)
        assert stored is not None
        assert stored.state == "closed"
        [outcome] = await log.append(TEST.id, [click()])
        assert isinstance(outcome, HuntNotOpen), "no click counts during a purge"
        await hunts.delete(TEST.id)
        assert await hunts.get(TEST.id) is None


def fails_after(steps: int) -> Callable[[Connection, Found], Awaitable[int]]:
    """Return a purge that loses its connection after some steps."""
    left = [1] * steps

    async def purge(conn: Connection, found: Found) -> int:
        if not left:
            raise ConnectionError
        left.pop()
        return await deletions.purge(conn, found)

    return purge


@pytest.mark.parametrize("definition", [PLAIN, TEST], ids=["plain", "open test"])
async def test_database_purges_closed_test_hunts_only(
    database: str, definition: Definition
) -> None:
    async with opened(database, definition) as (log, pool):
        await log.append(definition.id, [click()])
        with pytest.raises(pg.RestrictViolation):
            async with pool.connection() as conn:
                await conn.execute("select hunt_purge(number, 10) from hunts")


async def test_mark_and_id_of_a_test_hunt_are_fixed(database: str) -> None:
    async with opened(database, TEST) as (_, pool):
        hunts = Hunts(pool)
        with pytest.raises(DefinitionError, match="cannot change"):
            await hunts.apply(replace(TEST, test=False), seed=b"", actor="test")
        with pytest.raises(DefinitionError, match="must not begin with test-"):
            plain = replace(PLAIN, id="test-river")
            await hunts.apply(plain, seed=b"s" * 32, actor="test")


async def test_open_test_hunt_without_clicks_is_deleted(database: str) -> None:
    async with opened(database, TEST) as (_, pool):
        await Hunts(pool).delete(TEST.id)
        assert await rows(pool) == {}
