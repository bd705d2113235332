"""The end of a hunt: recorded once, under the lock on its row, by the database's clock."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import psycopg
import pytest
import trio
from psycopg import sql

from hunt.core.events import Outcome, Settlement
from hunt.core.hunts import Hunt
from hunt.errors import DefinitionError, HuntNotOpen, StoreError, WrongState
from hunt.store.audit import Audit
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.state_changes import BY_CLOCK
from tests.store.open_log import PLAIN, click, opened
from tests.support.connections import value

T = TypeVar("T")

#: Long enough for every test to end earlier.
LATER = datetime(2999, 1, 1, tzinfo=UTC)
TIMED = replace(PLAIN, closes_at=LATER)


async def execute(pool: Pool, statement: str, *values: object) -> None:
    async with pool.connection() as conn:
        await conn.execute(statement.encode(), values)


async def stored(hunts: Hunts) -> Hunt:
    hunt = await hunts.get("harbour")
    assert hunt is not None
    return hunt


@asynccontextmanager
async def locked(database: str) -> AsyncIterator[Connection]:
    """Yield a connection in a transaction that holds the lock on the hunt's row."""
    conn = await Connection.connect(database, autocommit=True)
    try:
        async with conn.transaction():
            await conn.execute("select from hunts for update")
            yield conn
    finally:
        conn.close_now()


async def wait_waiting(pool: Pool, sessions: int) -> None:
    """Return once this number of sessions waits for a lock."""
    query = (
        "select count(*) from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )
    with trio.fail_after(20):
        async with pool.connection() as conn:
            while await value(conn, query) != sessions:
                await trio.lowlevel.checkpoint()


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call that gave up waiting for the lock, as on a busy machine."""
    while True:
        with suppress(StoreError):
            return await call()


async def pass_closes_at(conn: Connection) -> None:
    """Set `closes_at` to this moment; an operator cannot, because it would be in the past."""
    await conn.execute(
        "update hunts h set closes_at = n.at,"
        " definition = jsonb_set(definition, '{closes_at}', to_jsonb(hunt_time(n.at)))"
        " from (select clock_timestamp() as at) n"
    )


async def test_end_is_recorded_once_by_concurrent_processes(database: str) -> None:
    async with opened(database, TIMED) as (_, pool):
        hunts = Hunts(pool)
        assert not await hunts.end_due("harbour")
        async with pool.connection() as conn:
            await pass_closes_at(conn)
        assert not (await stored(hunts)).has_ended, "the time alone ends nothing"
        ended: list[bool] = []

        async def end() -> None:
            ended.append(await hunts.end_due("harbour"))

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(end)
        assert sorted(ended) == [False, False, False, True]
        hunt = await stored(hunts)
        assert hunt.has_ended
        [entry, *_] = await Audit(pool).list(hunts=["harbour"])
        assert (entry.action, entry.actor, entry.at) == ("closed", BY_CLOCK, hunt.ended_at)
        await hunts.close("harbour", actor="eve")  # has ended already
        [same, *_] = await Audit(pool).list(hunts=["harbour"])
        assert same == entry


async def test_paused_hunt_ends_but_draft_does_not(database: str) -> None:
    async with opened(database, TIMED, state="draft") as (_, pool):
        hunts = Hunts(pool)
        async with pool.connection() as conn:
            await pass_closes_at(conn)
        assert not await hunts.end_due("harbour")
        with pytest.raises(WrongState, match="draft"):
            await hunts.close("harbour")
        with pytest.raises(WrongState, match="closes_at of hunt 'harbour' has passed"):
            await hunts.open("harbour")
        await execute(pool, "update hunts set state = 'paused'")
        assert await hunts.end_due("harbour")


async def test_no_click_counts_from_closes_at_on(database: str) -> None:
    async with opened(database, TIMED) as (log, pool):
        async with pool.connection() as conn:
            await pass_closes_at(conn)
        [outcome] = await log.append("harbour", [click()])
        assert isinstance(outcome, HuntNotOpen), "not a second late, and not before the record"
        assert await log.last() == {"harbour": 0}


def actions(hunts: Hunts) -> dict[str, Callable[[], Awaitable[object]]]:
    later = replace(TIMED, closes_at=LATER + timedelta(days=1))
    return {
        "extend": lambda: hunts.apply(later, seed=b"", actor="eve"),
        "change": lambda: hunts.change(
            "harbour", lambda before: replace(before, title="New"), actor="eve"
        ),
        "open": lambda: hunts.open("harbour"),
        "pause": lambda: hunts.pause("harbour"),
    }


@pytest.mark.parametrize("action", ["extend", "change", "open", "pause"])
async def test_nothing_changes_after_the_recorded_end(database: str, action: str) -> None:
    async with opened(database, TIMED) as (log, pool):
        hunts = Hunts(pool)
        await log.append("harbour", [click()])
        await hunts.close("harbour")
        before = await stored(hunts)
        with pytest.raises(WrongState, match="hunt 'harbour' has ended, and its end is final"):
            await actions(hunts)[action]()
        [outcome] = await log.append("harbour", [click()])
        assert isinstance(outcome, HuntNotOpen)
        assert replace(await stored(hunts), as_of=before.as_of) == before


@pytest.mark.parametrize(
    "change",
    [
        "state = 'open', ended_at = null, ended_by = null", "closes_at = null", "opens_at = now()",
        "seed = sha256('')", "last_seq = last_seq + 1", "definition = '{}'", "version = 9",
        "ended_at = now()", "ended_by = 'eve'",
    ],
)  # fmt: skip
async def test_database_refuses_changes_of_an_ended_hunt(database: str, change: str) -> None:
    async with opened(database, TIMED) as (_, pool):
        hunts = Hunts(pool)
        await hunts.close("harbour")
        before = await stored(hunts)
        async with pool.connection() as conn:
            with pytest.raises(psycopg.errors.RestrictViolation, match="its record is final"):
                await conn.execute(sql.SQL("update hunts set ") + sql.SQL(change))  # type: ignore[arg-type]
        assert replace(await stored(hunts), as_of=before.as_of) == before
        await hunts.new_epochs()  # as after a restore of the log
        assert (await stored(hunts)).epoch != before.epoch


async def test_extension_at_the_last_second_keeps_the_hunt_open(database: str) -> None:
    async with opened(database, TIMED) as (log, pool), trio.open_nursery() as nursery:
        hunts, ended = Hunts(pool), [True]

        async def end() -> None:
            ended[0] = await patiently(lambda: hunts.end_due("harbour"))

        async with pool.connection() as conn:
            await pass_closes_at(conn)
        async with locked(database) as operator:
            nursery.start_soon(end)  # sees that it is due, and waits for the lock
            await wait_waiting(pool, 1)
            await operator.execute("update hunts set closes_at = %s", (LATER,))
        with trio.fail_after(20):
            while ended[0]:
                await trio.lowlevel.checkpoint()
        assert (await stored(hunts)).state == "open"
        [outcome] = await log.append("harbour", [click()])
        assert isinstance(outcome, Settlement)


async def test_extension_after_closes_at_is_possible_until_the_record(database: str) -> None:
    async with opened(database, TIMED) as (log, pool):
        hunts = Hunts(pool)
        async with pool.connection() as conn:
            await pass_closes_at(conn)
        with pytest.raises(WrongState, match="has passed"):
            await hunts.pause("harbour")
        later = replace(TIMED, closes_at=LATER + timedelta(days=1))
        await hunts.apply(later, seed=b"", actor="eve")
        assert isinstance((await log.append("harbour", [click()]))[0], Settlement)


async def test_commit_that_waited_for_the_end_does_not_count(database: str) -> None:
    async with opened(database) as (log, pool):
        outcomes: list[Outcome] = []

        async def append() -> None:
            outcomes.extend(await patiently(lambda: log.append("harbour", [click()])))

        async with trio.open_nursery() as nursery:
            async with locked(database) as operator:
                nursery.start_soon(append)
                await wait_waiting(pool, 1)
                await operator.execute(
                    "update hunts set state = 'closed', ended_at = now(), ended_by = 'eve'"
                )
        assert [type(each) for each in outcomes] == [HuntNotOpen]
        assert await log.last() == {"harbour": 0}


async def test_commit_that_waited_past_closes_at_does_not_count(database: str) -> None:
    async with opened(database, TIMED) as (log, pool):
        outcomes: list[Outcome] = []

        async def append() -> None:
            outcomes.extend(await patiently(lambda: log.append("harbour", [click()])))

        async with trio.open_nursery() as nursery:
            async with locked(database) as operator:
                nursery.start_soon(append)  # its transaction begins before closes_at
                await wait_waiting(pool, 1)
                await pass_closes_at(operator)
        assert [type(each) for each in outcomes] == [HuntNotOpen]


async def test_commits_race_the_end_and_none_follows_it(database: str) -> None:
    async with opened(database) as (log, pool), open_pool(database, size=4) as other:
        settled = 0
        refused = 0

        async def play(to: Log) -> None:
            nonlocal settled, refused
            while not refused:
                [outcome] = await patiently(lambda: to.append("harbour", [click()]))
                settled += isinstance(outcome, Settlement)
                refused += isinstance(outcome, HuntNotOpen)

        async with trio.open_nursery() as nursery:
            for to in (log, Log(other), log, Log(other)):
                nursery.start_soon(play, to)
            while settled < 20:
                await trio.lowlevel.checkpoint()
            await Hunts(pool).close("harbour")
        hunt = await stored(Hunts(pool))
        assert hunt.last_seq == settled
        async with pool.connection() as conn:
            assert await value(conn, "select max(at) <= (select ended_at from hunts) from rewards")


async def test_closes_at_in_the_past_is_refused_by_the_databases_clock(database: str) -> None:
    past = replace(PLAIN, closes_at=datetime(2000, 1, 1, tzinfo=UTC))
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        for new in (hunts.apply, hunts.create):
            with pytest.raises(DefinitionError, match="closes_at: has passed by the database's"):
                await new(past, seed=os.urandom(32), actor="test")
        assert await hunts.all() == []
        await hunts.apply(TIMED, seed=os.urandom(32), actor="test")
        with pytest.raises(DefinitionError, match="closes_at"):
            await hunts.apply(past, seed=b"", actor="test")
