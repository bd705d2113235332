"""Entries of the schedule that are due during a fault, and the process that performs them."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from hunt.testing.checks import Violation
from tests.faults.players import HUNT
from tests.faults.registry import fault
from tests.faults.rig import Rig

#: Number of entries, and the seconds between two.
ENTRIES, DISTANCE = 100, 0.02

#: Seconds within which all entries must be settled after the last fault.
PATIENCE = 30.0

#: The entries of the next seconds.
ADD = """
    with added as (
        insert into schedule (hunt, at, action, text, actor)
        select h.number, clock_timestamp() + make_interval(secs => 1 + n * w.distance), 'announce',
               'Announcement ' || n, 'rig'
          from (select %s::int as count, %s::float8 as distance) w, generate_series(1, w.count) n,
               hunts h
         where h.id = %s
        returning hunt)
    select pg_notify('hunt_hunts', '') from added limit 1
"""

SETTLED = "select state, count(*) from schedule group by state"


@fault
@asynccontextmanager
async def entries_fall_due(rig: Rig) -> AsyncIterator[None]:
    """Schedule announcements for the next seconds."""
    await _add(rig)
    yield


@fault
@asynccontextmanager
async def kill_scheduler(rig: Rig) -> AsyncIterator[None]:
    """Schedule announcements, and kill all workers of the nodes while they perform them."""
    await _add(rig)
    with trio.fail_after(20):
        while (await _counts(rig)).get("done", 0) < ENTRIES // 5:
            await trio.sleep(0.005)
    for node in rig.nodes:
        for pid in node.processes():
            os.kill(pid, signal.SIGKILL)
    yield


async def _add(rig: Rig) -> None:
    await rig.postgres.execute(ADD, [ENTRIES, DISTANCE, HUNT])


async def _counts(rig: Rig) -> dict[str, int]:
    return dict(await rig.postgres.execute(SETTLED))


async def check(rig: Rig) -> list[Violation]:
    """Wait until all entries are settled, and check that each was performed once."""
    with trio.move_on_after(PATIENCE):
        while "waiting" in await _counts(rig):
            await trio.sleep(0.1)
    counts = await _counts(rig)
    # The number counts the announcements that were made.
    made = await rig.postgres.execute("select coalesce(max(number), 0) from announcements")
    acts = await rig.postgres.execute("select count(*) from audit where action = 'perform'")
    [[late]] = await rig.postgres.execute("select max(late) from schedule")
    rig.notes["entries performed"] = made[0][0]
    rig.notes["entry late"] = late
    if counts == {"done": ENTRIES} and made == [(ENTRIES,)] and acts == [(ENTRIES,)]:
        return []
    what = f"entries {counts}, {made[0][0]} announcements, {acts[0][0]} records of {ENTRIES}"
    return [Violation("schedule", what)]
