"""Two nodes perform each entry of the schedule exactly once, whatever happens to them."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import trio

from hunt.core.definition import Definition, Prize
from hunt.core.maps import Map
from hunt.core.schedule import NewEntry
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.schedule import Schedule
from tests.support.processes import HYPERCORN, Server, free_port, running
from tests.support.serving import SECRET

ENTRIES = 60
HARBOUR = Definition(
    "harbour", "Harbour", Map.sized(100, 100), None, None, 0.0,
    (Prize("coin", "Coin", 5, 0.5, 0, None),),
)  # fmt: skip


async def node(stack: AsyncExitStack, database: str) -> Server:
    """Start a node of one process on a database."""
    address = f"127.0.0.1:{free_port()}"
    arguments = [*HYPERCORN, "-b", address, "-w", "1", "hunt.asgi:app"]
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
    return await stack.enter_async_context(running(arguments, f"http://{address}", environ))


async def released(pool: Pool) -> int:
    """Return the units that were released, each by a version of its own."""
    hunt = await Hunts(pool).get("harbour")
    assert hunt is not None
    stock = hunt.definition.prizes[0].stock
    assert stock is not None
    assert hunt.version == stock + 1
    return stock


async def test_entries_of_two_nodes_are_performed_once_though_one_is_killed(
    database: str,
) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(database, size=2))
        hunts, schedule = Hunts(pool), Schedule(pool)
        await hunts.create(HARBOUR, seed=os.urandom(32), actor="test")
        await hunts.open("harbour")
        here, _there = [await node(stack, database) for _ in range(2)]
        began = datetime.now(UTC) + timedelta(seconds=3)
        for number in range(ENTRIES):
            at = began + timedelta(seconds=0.02 * number)
            new = NewEntry(at=at, action="release", prize="coin", count=1)
            await schedule.add("harbour", new, actor="test")
        with trio.fail_after(60):
            while await released(pool) < ENTRIES // 3:
                await trio.sleep(0.005)
            here.send(signal.SIGKILL)
            while any(each.state == "waiting" for each in await schedule.entries("harbour")):
                await trio.sleep(0.05)
        assert await released(pool) == ENTRIES
        assert {each.state for each in await schedule.entries("harbour")} == {"done"}


async def test_entry_is_performed_late_if_no_node_was_there(database: str) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(database, size=2))
        hunts, schedule = Hunts(pool), Schedule(pool)
        await hunts.create(HARBOUR, seed=os.urandom(32), actor="test")
        soon = datetime.now(UTC) + timedelta(seconds=0.5)
        await schedule.add("harbour", NewEntry(at=soon, action="open"), actor="test")
        short = NewEntry(at=soon, action="announce", text="Now!", within=0.001)
        await schedule.add("harbour", short, actor="test")
        with trio.fail_after(30):
            while any(each.seconds > 0 for each in await schedule.due()):
                await trio.sleep(0.05)
        await node(stack, database)
        with trio.fail_after(30):
            while any(each.state == "waiting" for each in await schedule.entries("harbour")):
                await trio.sleep(0.05)
        first, second = await schedule.entries("harbour")
        assert (first.state, second.state) == ("done", "dropped")
        assert first.late is not None
        assert first.late > 0
        hunt = await hunts.get("harbour")
        assert hunt is not None
        assert hunt.state == "open"
