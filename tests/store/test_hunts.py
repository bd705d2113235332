"""Hunts in the database: deletion, and definitions that cannot be read."""

from __future__ import annotations

import os
from dataclasses import replace

import psycopg
import pytest
import trio

from hunt.core.events import Settlement
from hunt.errors import HuntFailed, HuntNotFound, WrongState
from hunt.store.audit import Audit
from hunt.store.driver.listen import Listener
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.store.open_log import LIMITED, PLAIN, click, opened, rewards
from tests.support.connections import connected, value


@pytest.mark.parametrize("state", ["draft", "open", "closed"])
async def test_hunt_without_a_click_can_be_deleted(database: str, state: str) -> None:
    async with opened(database, LIMITED, state=state) as (_, pool):
        hunts = Hunts(pool)
        await hunts.delete("harbour", actor="eve")
        assert await hunts.all() == []
        with pytest.raises(HuntNotFound):
            await hunts.delete("harbour")
        async with pool.connection() as conn:
            assert await value(conn, "select to_regclass('rewards_1')") is None
        [entry, *_] = await Audit(pool).list(hunts=["harbour"])
        assert (entry.action, entry.actor) == ("delete", "eve")
        # The id is free again, and the log of the new hunt begins at 1.
        await hunts.create(PLAIN, seed=os.urandom(32), actor="test")
        await hunts.open("harbour")
        [settled] = rewards(await Log(pool).append("harbour", [click()]))
        assert settled.seq == 1


async def test_hunt_with_clicks_cannot_be_deleted(database: str) -> None:
    async with opened(database) as (log, pool):
        await log.append("harbour", [click()])
        with pytest.raises(WrongState, match="has clicks"):
            await Hunts(pool).delete("harbour")
        async with pool.connection() as conn:
            with pytest.raises(psycopg.errors.RestrictViolation):
                await conn.execute("select hunt_delete(1)")
        assert await log.last() == {"harbour": 1}


async def test_deletion_of_a_hunt_whose_log_is_read_keeps_the_empty_partition(
    database: str,
) -> None:
    river = replace(PLAIN, id="river")
    async with opened(database) as (log, pool):
        hunts = Hunts(pool)
        await hunts.create(river, seed=os.urandom(32), actor="test")
        async with pool.connection() as reader, reader.transaction():
            await reader.execute("select from rewards")
            await hunts.delete("river")
            assert isinstance((await log.append("harbour", [click()]))[0], Settlement)
        assert [hunt.id for hunt in await hunts.all()] == ["harbour"]


@pytest.mark.parametrize(
    "lock",
    [
        "lock table rewards_1 in access share mode",
        "lock table only rewards in access share mode",
    ],
    ids=["partition", "log"],
)
async def test_deletion_waits_for_no_lock_on_the_log(database: str, lock: str) -> None:
    async with opened(database) as (_, pool), pool.connection() as reader, reader.transaction():
        await reader.execute(lock.encode())
        async with connected(database) as conn, conn.transaction():
            await conn.execute("set local lock_timeout = 0")  # a wait would be for ever
            with trio.fail_after(20):
                await conn.execute("select hunt_delete(1)")


async def test_deletion_is_notified(database: str) -> None:
    async with (
        opened(database) as (_, pool),
        Listener(database).listening(("hunt_hunts",)) as received,
    ):
        await Hunts(pool).delete("harbour")
        with trio.fail_after(20):
            assert await anext(received) == ("hunt_hunts", "harbour")


async def test_unreadable_definition_is_reported_as_a_failed_hunt(database: str) -> None:
    async with opened(database) as (_, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(PLAIN, title="New"), seed=b"", actor="test")
        for broken in ("7", "[]", '{"map": 7}'):
            async with pool.connection() as conn:
                await conn.execute(
                    "update hunt_versions set definition = %s where version = 1", (broken,)
                )
            with pytest.raises(HuntFailed, match="version 1 of the definition cannot be read"):
                await hunts.versions("harbour")
            async with pool.connection() as conn:
                await conn.execute("update hunts set definition = %s", (broken,))
            with pytest.raises(HuntFailed, match="the definition cannot be read"):
                await hunts.get("harbour")
            assert await hunts.read() == {"harbour": None}
