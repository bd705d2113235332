"""Concurrent creation of one hunt."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from hunt.core.key_ring import KeyRing
from hunt.errors import WrongState
from hunt.store.definitions import apply, reserved
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.serving import HARBOUR

WAITING = """
    select count(*) from pg_stat_activity
     where wait_event_type = 'Lock' and datname = current_database()
"""


@asynccontextmanager
async def creating(database: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Create the hunt in an open transaction; yield a function that ends it once another waits."""

    async def finish() -> None:
        async with await Connection.connect(database, autocommit=True) as observer:
            with trio.fail_after(20):
                while True:
                    row = await (await observer.execute(WAITING)).fetchone()
                    if row is not None and row[0]:
                        break
                    await trio.sleep(0.01)
        await conn.commit()

    async with await Connection.connect(database) as conn:
        assert await reserved(conn, HARBOUR.id) is None
        await apply(conn, None, HARBOUR, os.urandom(32), "first", KeyRing(()))
        yield finish


async def test_hunt_created_meanwhile_is_not_created_again(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        opened: list[bool] = []

        async def open_new() -> None:
            opened.append(await hunts.open_new(HARBOUR, seed=os.urandom(32), actor="second"))

        async with creating(database) as finish, trio.open_nursery() as nursery:
            nursery.start_soon(open_new)
            await finish()
        assert opened == [False]


async def test_hunt_applied_concurrently_is_created_once(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        changes: list[list[str]] = []

        async def change() -> None:
            changes.append(await Hunts(pool).apply(HARBOUR, seed=os.urandom(32), actor="second"))

        async with creating(database) as finish, trio.open_nursery() as nursery:
            nursery.start_soon(change)
            await finish()
        assert changes == [[]], "nothing was left to change"


async def test_concurrent_creation_is_refused_with_a_sentence(database: str) -> None:
    async with open_pool(database, size=1) as pool:

        async def create() -> None:
            with pytest.raises(WrongState, match="there is a hunt 'harbour' already"):
                await Hunts(pool).create(HARBOUR, seed=os.urandom(32), actor="second")

        async with creating(database) as finish, trio.open_nursery() as nursery:
            nursery.start_soon(create)
            await finish()


async def test_open_new_creates_an_open_hunt_once(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        assert await hunts.open_new(HARBOUR, seed=os.urandom(32), actor="test")
        found = await hunts.get(HARBOUR.id)
        assert found is not None
        assert found.state == "open"
        assert not await hunts.open_new(HARBOUR, seed=os.urandom(32), actor="test")
