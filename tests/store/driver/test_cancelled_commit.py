"""Cancellation and deadlines of a commit."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from hunt.core.definition import Definition
from hunt.core.events import Click, Outcome, Settlement
from hunt.core.maps import Map
from hunt.errors import StoreTimeout
from hunt.store.driver import connection
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.driver.statement import Statement
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.store.driver.fake_postgres import fake_postgres

HARBOUR = Definition("harbour", "Harbour", Map.sized(9, 9), None, None, 0.0, ())


def click() -> Click:
    return Click(str(uuid.uuid4()), "ada", 1, 1, None, 0)


@asynccontextmanager
async def blocked(database: str) -> AsyncIterator[tuple[Pool, trio.Event]]:
    """Hold the lock that a commit needs, until the event is set."""
    free = trio.Event()
    async with open_pool(database, size=1) as pool, trio.open_nursery() as nursery:
        await Hunts(pool).apply(HARBOUR, seed=b"s" * 32, actor="test")
        await Hunts(pool).open("harbour")

        async def hold(*, task_status: trio.TaskStatus[None]) -> None:
            async with await Connection.connect(database) as other:
                await other.execute("select from hunts for update")
                task_status.started()
                await free.wait()

        await nursery.start(hold)
        yield pool, free


async def waits(database: str) -> None:
    """Return once a session waits for a lock."""
    query = "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
    async with await Connection.connect(database, autocommit=True) as conn:
        with trio.fail_after(30):
            while not await (await conn.execute(query)).fetchall():
                await trio.sleep(0.01)


async def test_cancelled_commit_is_answered(database: str) -> None:
    outcomes: list[Outcome] = []
    async with blocked(database) as (pool, free), trio.open_nursery() as nursery:
        scope = trio.CancelScope()

        async def append() -> None:
            with scope:
                outcomes.extend(await Log(pool).append("harbour", [click()], deadline=60))

        nursery.start_soon(append)
        await waits(database)
        scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert pool.states()["busy"] == 1, "the commit goes on"
        free.set()
    assert [type(each) for each in outcomes] == [Settlement]
    assert pool.faults["connect"] == 0


async def test_commit_without_an_answer_closes_its_connection_without_a_cancel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A regular close would take this long with a silent server.
    monkeypatch.setattr(connection, "CLEANUP", 90.0)
    async with fake_postgres() as server, open_pool(server.conninfo, size=1) as pool:
        server.silent = True
        with trio.fail_after(60):
            conn = await Connection.connect(server.conninfo, autocommit=True)
            with pytest.raises(StoreTimeout):
                await conn.commit_within(0.5, Statement("any", "select 1").run, conn, ())
            assert conn.closed
            with pytest.raises(StoreTimeout):
                await Log(pool).append("harbour", [click()], deadline=0.5)
            assert pool.states()["busy"] == pool.states()["idle"] == 0
            while server.ended < 2:
                await trio.sleep(0.01)
        assert (server.sessions, server.cancels) == (2, 0)


async def test_cancelled_read_sends_a_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CLEANUP", 0.5)
    async with fake_postgres() as server, open_pool(server.conninfo, size=1) as pool:
        server.silent = True
        with trio.fail_after(60):
            with trio.move_on_after(0.5):
                await Log(pool).last()
            while not server.ended:
                await trio.sleep(0.01)
        assert (server.sessions, server.cancels) == (1, 1)
