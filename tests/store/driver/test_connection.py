from __future__ import annotations

import os
import signal
import socket
import uuid
from contextlib import aclosing

import psycopg
import pytest
import trio
from psycopg import pq

from hunt.core.definition import Definition
from hunt.core.events import Click, Settlement
from hunt.core.maps import Map
from hunt.errors import (
    ConnectTimeout,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreTimeout,
    StoreUnavailable,
)
from hunt.store.driver import connection
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.driver.statement import Statement
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.support.connections import connected, value

IDLE = pq.TransactionStatus.IDLE


async def test_two_tasks_take_turns_on_one_connection(database: str) -> None:
    async with connected(database) as conn:
        found: list[object] = []

        async def ask(number: int) -> None:
            found.append(await value(conn, f"select {number} from pg_sleep(0.01)"))

        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(ask, number)
        assert sorted(found) == [0, 1, 2, 3, 4]  # type: ignore[type-var]


async def test_cancelled_query_is_cancelled_in_the_server(database: str) -> None:
    async with connected(database) as conn:
        with trio.move_on_after(0.05) as scope:
            await conn.execute("select pg_sleep(60)")
        assert scope.cancelled_caught
        assert conn.pgconn.transaction_status == IDLE
        assert await value(conn, "select 1") == 1


async def test_frozen_server_does_not_delay_a_cancelled_task(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CLEANUP", 0.2)
    async with connected(database) as conn:
        pid = conn.info.backend_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            with trio.fail_after(5), trio.move_on_after(0.05):
                await conn.execute("select 1")
            assert conn.closed
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_cancelled_transaction_is_rolled_back(database: str) -> None:
    async with connected(database) as conn:
        await conn.execute("create table t (n int)")
        with trio.move_on_after(0.05):
            async with conn.transaction():
                await conn.execute("insert into t values (1)")
                await trio.sleep_forever()
        assert conn.pgconn.transaction_status == IDLE
        assert await value(conn, "select count(*) from t") == 0
        with pytest.raises(KeyError):
            async with conn.transaction():
                raise KeyError
        async with conn.transaction(force_rollback=True):
            await conn.execute("insert into t values (2)")
        assert await value(conn, "select count(*) from t") == 0


async def test_cancellation_at_the_end_of_a_block_leaves_no_connection(database: str) -> None:
    with trio.CancelScope() as scope:
        async with await Connection.connect(database) as conn:
            await conn.execute("select 1")
            scope.cancel()
    assert scope.cancelled_caught
    assert conn.closed


async def test_timeouts_of_psycopg_still_work(database: str) -> None:
    async with connected(database) as conn:
        assert [n async for n in conn.notifies(timeout=0.01)] == []
        await conn.execute("listen here")
        await conn.execute("notify here, 'x'")
        async with aclosing(conn.notifies(timeout=5, stop_after=1)) as notifies:
            assert [n.payload async for n in notifies] == ["x"]
        async with conn.pipeline():
            cursors = [await conn.execute("select %s", (n,)) for n in range(3)]
        assert [(await c.fetchone())[0] for c in cursors] == [0, 1, 2]  # type: ignore[index]


async def test_cancel_safe_ends_the_query_of_another_task(database: str) -> None:
    async with (
        connected(database) as conn,
        connected(database) as other,
        trio.open_nursery() as nursery,
    ):
        await conn.cancel_safe()  # nothing runs

        async def sleep() -> None:
            with pytest.raises(psycopg.errors.QueryCanceled):
                await conn.execute("select pg_sleep(60)")

        nursery.start_soon(sleep)
        # A request that arrives before the query has begun is lost.
        begun = f"""
            select wait_event = 'PgSleep' from pg_stat_activity where pid = {conn.info.backend_pid}
        """
        while not await value(other, begun):
            pass
        await conn.cancel_safe()


@pytest.mark.parametrize(
    ("conninfo", "error"),
    [
        ("host=127.0.0.1 port=1", "onnection"),
        ("host=localhost port=1", "onnection"),
        ("host=127.0.0.1,127.0.0.1 port=1,1", "no server accepts"),
        ("host=does-not-exist.invalid", "name cannot be resolved"),
    ],
)
async def test_failed_connect_names_its_reason(conninfo: str, error: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=error):
        await Connection.connect(conninfo)


async def test_connect_to_a_silent_server_times_out() -> None:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = listener.socket.getsockname()[1]
        with trio.fail_after(10), pytest.raises(psycopg.OperationalError, match="within 2 s"):
            await Connection.connect(f"host=127.0.0.1 port={port} connect_timeout=2")


async def test_lost_connection_is_reported_as_lost(database: str) -> None:
    async with connected(database) as conn, connected(database) as other:
        await other.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
        with pytest.raises(StoreError), translated():
            await conn.execute("select 1")
        assert conn.closed


async def test_statement_is_prepared_again_after_a_change_of_the_schema(database: str) -> None:
    every = Statement("every", "select * from t")
    async with connected(database) as conn:
        await conn.execute("create table t (a int)")
        await conn.execute("insert into t values (1)")
        assert await every.run(conn, (), lambda: None) == [(1,)]
        await conn.execute("alter table t add column b int")
        for _ in range(2):
            assert await every.run(conn, (), lambda: None) == [(1, None)]


# --- the pool ------------------------------------------------------------------


async def whole(pool: Pool) -> None:
    """Check the pool: no lent, leaked or open-transaction connection is left."""
    states = pool.states()
    assert states["busy"] == states["connecting"] == 0
    assert pool._slots.value == pool._size
    assert len(pool._born) == states["idle"]
    assert all(conn.pgconn.transaction_status == IDLE for conn in pool._idle)


async def test_pool_makes_no_more_connections_than_its_size(database: str) -> None:
    async with open_pool(database, size=3) as pool:
        most = 0

        async def work() -> None:
            nonlocal most
            async with pool.connection() as conn:
                await value(conn, "select pg_sleep(0.002)")
                most = max(most, sum(pool.states().values()))

        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(work)
        assert most == 3
        await whole(pool)


async def test_wait_for_a_connection_times_out(database: str) -> None:
    async with open_pool(database, size=1) as pool, pool.connection():
        with pytest.raises(StoreUnavailable, match="busy"):
            async with pool.connection(timeout=0.01):
                pass
        assert +pool.faults == {"busy": 1}


async def test_silent_server_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with open_pool(f"host=127.0.0.1 port={port}", size=1) as pool:
            with pytest.raises(ConnectTimeout):
                async with pool.connection(timeout=0.05):
                    pass
            await whole(pool)


async def test_connection_that_broke_while_idle_is_replaced(database: str) -> None:
    async with open_pool(database, size=1) as pool, connected(database) as other:
        async with pool.connection() as conn:
            pid = conn.info.backend_pid
        await other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        async with pool.connection() as conn:
            assert await value(conn, "select 1") == 1
        await whole(pool)


async def test_open_transaction_is_rolled_back(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        async with pool.connection() as conn:
            await conn.execute("begin")
        await whole(pool)


async def test_connections_to_a_read_only_server_are_dropped(database: str) -> None:
    async with open_pool(database, size=2) as pool:
        async with pool.connection():
            with pytest.raises(StoreReadOnly), translated():
                async with pool.connection() as conn:
                    await conn.execute("set default_transaction_read_only = on")
                    await conn.execute("create table t ()")
            assert pool.states()["idle"] == 0
        assert pool.states()["idle"] == 0
        async with pool.connection() as conn:
            await conn.execute("create table t ()")


async def test_connects_after_a_failed_one_fail_at_once() -> None:
    now = 0.0
    pool = Pool("host=127.0.0.1 port=1", size=2, clock=lambda: now, jitter=lambda: 1)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            async with pool.connection():
                pass
    assert pool._connector._backoff._attempts == 1
    with pytest.raises(StoreUnavailable):
        async with pool.connection(insist=True):
            pass
    assert pool._connector._backoff._attempts == 2
    now = 1.0
    with pytest.raises(StoreUnavailable):
        async with pool.connection():
            pass
    assert pool._connector._backoff._attempts == 3
    assert +pool.faults == {"connect": 3}
    pool.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        async with pool.connection():
            pass


async def cancelled_at(step: int, pool: Pool) -> bool:
    """Cancel work with the pool at its n-th step; return whether it reached that step."""

    class Steps(trio.abc.Instrument):
        left = step

        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            if task is own:
                self.left -= 1
                if not self.left:
                    scope.cancel()

    own = trio.lowlevel.current_task()
    steps = Steps()
    trio.lowlevel.add_instrument(steps)
    try:
        with trio.CancelScope() as scope:
            async with pool.connection() as conn, conn.transaction():
                await conn.execute("select 1")
                await conn.execute("insert into audit (actor, action) values ('a', 'b')")
            click = Click(str(uuid.uuid4()), "ada", 1, 1, None, 0)
            await Log(pool).append("harbour", [click])
            await Log(pool).read("harbour", 0, 1)
    finally:
        trio.lowlevel.remove_instrument(steps)
    return steps.left <= 0


async def test_pool_survives_cancellation_at_any_step(database: str) -> None:
    async with connected(database) as other, open_pool(database, size=2) as pool:
        await Hunts(pool).apply(
            Definition("harbour", "Harbour", Map.sized(9, 9), None, None, 0, ()),
            seed=b"s" * 32,
            actor="t",
        )
        await Hunts(pool).open("harbour")
        pool.drop_all()
        step = 1
        while await cancelled_at(step, pool):
            await whole(pool)
            if step % 3 == 0:
                pool.drop_all()  # so that connecting is among the steps, too
            step += 1
        assert step > 10
        pool.drop_all()
        with trio.fail_after(5):
            query = (
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            while await value(other, query):
                await trio.lowlevel.checkpoint()


async def test_frozen_backend_ends_in_a_timeout(database: str) -> None:
    async with open_pool(database, size=2) as pool:
        await Hunts(pool).apply(
            Definition("harbour", "Harbour", Map.sized(9, 9), None, None, 0, ()),
            seed=b"s" * 32,
            actor="t",
        )
        await Hunts(pool).open("harbour")
        async with pool.connection() as conn:
            pid = conn.info.backend_pid
        click = Click(str(uuid.uuid4()), "ada", 1, 1, None, 0)
        os.kill(pid, signal.SIGSTOP)
        try:
            with trio.fail_after(10), pytest.raises(StoreTimeout):
                await Log(pool).append("harbour", [click], deadline=0.2)
            await whole(pool)
            assert pool.states()["idle"] == 0
        finally:
            os.kill(pid, signal.SIGCONT)
        [outcome] = await Log(pool).append("harbour", [click])  # the same batch again
        assert isinstance(outcome, Settlement)
        assert outcome.reward.seq == 1


async def test_backend_killed_during_commit_leaves_the_outcome_unknown(database: str) -> None:
    async with open_pool(database, size=2) as pool, connected(database) as other:
        await Hunts(pool).apply(
            Definition("harbour", "Harbour", Map.sized(9, 9), None, None, 0, ()),
            seed=b"s" * 32,
            actor="t",
        )
        await Hunts(pool).open("harbour")
        click = Click(str(uuid.uuid4()), "ada", 1, 1, None, 0)
        async with other.transaction():
            await other.execute("select from hunts for update")  # so that the commit has to wait
            async with trio.open_nursery() as nursery:

                async def append() -> None:
                    with pytest.raises(StoreLost):
                        await Log(pool).append("harbour", [click])

                nursery.start_soon(append)
                kill = (
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and wait_event_type = 'Lock'"
                )
                with trio.fail_after(5):
                    while not await (await other.execute(kill)).fetchall():
                        await trio.lowlevel.checkpoint()
        await whole(pool)


async def test_missing_standby_leaves_the_outcome_unknown(
    database: str,
) -> None:
    async with connected(database) as conn:
        with pytest.raises(StoreLost, match="standby"):
            await conn.commit_within(
                5, conn.execute, "do $$ begin raise warning 'not replicated'; end $$"
            )
