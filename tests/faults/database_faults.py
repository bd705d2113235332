"""Faults of PostgreSQL."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import trio
from psycopg.errors import DeadlockDetected, LockNotAvailable

from hunt.store.driver.connection import Connection
from tests.faults.metrics import metric
from tests.faults.registry import fault
from tests.faults.rig import Rig


@fault
@asynccontextmanager
async def terminate_idle(rig: Rig) -> AsyncIterator[None]:
    """End all idle backends of hunt (57P01), listeners included."""
    ended = await rig.postgres.terminate("state = 'idle'")
    assert ended
    rig.notes["terminated"] = rig.notes.get("terminated", 0) + ended
    yield


@fault
@asynccontextmanager
async def terminate_active(rig: Rig) -> AsyncIterator[None]:
    """End the backends that are in the middle of a batch."""
    async with await rig.postgres.connect() as conn:
        await conn.execute("begin")
        await conn.execute("select from hunts for update")
        await until_waiting(rig)
        ended = await rig.postgres.terminate("wait_event_type = 'Lock'")
        await conn.execute("rollback")
    rig.notes["terminated"] = rig.notes.get("terminated", 0) + ended
    yield


async def until_waiting(rig: Rig) -> None:
    """Wait until some backend of hunt waits for a lock."""
    with trio.fail_after(30):
        while not await rig.postgres.execute(
            "select pid from pg_stat_activity"
            " where application_name = 'hunt' and wait_event_type = 'Lock'"
        ):
            await trio.sleep(0.005)


@fault
@asynccontextmanager
async def lose_answers(rig: Rig, count: int = 5) -> AsyncIterator[None]:
    """Reset connections after their commit and before its answer."""
    # All nodes at once: a client that loses its answer tries another node.
    rig.loss.left += count * len(rig.nodes)
    with trio.fail_after(60):
        while rig.loss.left:
            await trio.sleep(0.01)
    yield


@fault
@asynccontextmanager
async def freeze(rig: Rig) -> AsyncIterator[None]:
    """Stop postmaster and backends (SIGSTOP); the kernel still acknowledges packets."""
    rig.postgres.freeze()
    try:
        yield
    finally:
        rig.postgres.thaw()


@fault
@asynccontextmanager
async def freeze_backend(rig: Rig) -> AsyncIterator[None]:
    """Stop one backend during a commit of hunt (SIGSTOP)."""
    [[pid]] = await rig.postgres.execute(
        "select pid from pg_stat_activity where application_name = 'hunt'"
        " and query ~ 'hunt_commit' order by state_change desc limit 1"
    )
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@fault
@asynccontextmanager
async def kill_postgres(rig: Rig) -> AsyncIterator[None]:
    """Stop the server at once, as ``pg_ctl stop -m immediate``; it recovers at its start."""
    await rig.postgres.stop(signal.SIGQUIT)
    yield
    await rig.postgres.start()


@fault
@asynccontextmanager
async def read_only(rig: Rig) -> AsyncIterator[None]:
    """Make every new transaction read-only (25006), as on a standby."""
    await rig.postgres.execute("alter system set default_transaction_read_only = on")
    await rig.postgres.execute("select pg_reload_conf()")
    yield
    async with await rig.postgres.connect() as conn:
        await conn.execute("set default_transaction_read_only = off")
        await conn.execute("alter system reset default_transaction_read_only")
        await conn.execute("select pg_reload_conf()")


@fault
@asynccontextmanager
async def exhaust_connections(rig: Rig, terminate: bool = True) -> AsyncIterator[None]:
    """Take all connections of PostgreSQL (53300); optionally those of hunt, too."""
    async with AsyncExitStack() as stack:

        async def take() -> None:
            while True:
                try:
                    conn = await rig.postgres.connect()
                except psycopg.OperationalError:
                    return
                stack.callback(conn.close_now)

        admin = await rig.postgres.connect()
        stack.callback(admin.close_now)
        await take()
        while terminate:
            cursor = await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'hunt'"
            )
            if not await cursor.fetchall():
                break
            await take()
        before = sum(each.database.accepted for each in rig.nodes)
        began = trio.current_time()
        yield
        tried = sum(each.database.accepted for each in rig.nodes) - before
        rig.notes["connects a second"] = tried / (trio.current_time() - began)


@fault
@asynccontextmanager
async def deadlock(rig: Rig) -> AsyncIterator[None]:
    """Make a batch the victim of a real deadlock (40P01)."""
    before = await deadlocks(rig)
    async with await rig.postgres.connect() as conn:
        while not await made_a_victim(rig, conn):
            pass
    with trio.fail_after(5):
        while await deadlocks(rig) == before:
            await trio.sleep(0.01)
    yield


async def made_a_victim(rig: Rig, conn: Connection) -> bool:
    """Make a deadlock of two locks; return whether the batch was aborted, not this session.

    A session looks for a deadlock once, `deadlock_timeout` after it began to wait. A batch that
    has looked before the deadlock exists waits on, and this session is aborted.
    """
    await conn.execute("set deadlock_timeout = '5s'")
    await conn.execute("begin")
    try:
        await conn.execute("update prizes set granted = granted where id = 'pearl'")
        await until_waiting(rig)
        await conn.execute("select from hunts for update")
    except (DeadlockDetected, LockNotAvailable):
        return False
    else:
        return True
    finally:
        await conn.execute("rollback")


async def deadlocks(rig: Rig) -> int:
    """Return the number of deadlocks so far."""
    [[count]] = await rig.postgres.execute(
        "select deadlocks from pg_stat_database where datname = 'hunt'"
    )
    return int(count)


@fault
@asynccontextmanager
async def conflict(rig: Rig, count: int = 5) -> AsyncIterator[None]:
    """Change the row that every batch locks, while one waits for it (40001)."""
    async with await rig.postgres.connect() as conn:
        for _ in range(count):
            await conn.execute("begin")
            await conn.execute("update hunts set last_seq = last_seq")
            await until_waiting(rig)
            await conn.execute("commit")
            await trio.sleep(0.2)  # a batch is sent at most three times
    yield
    name = 'hunt_commit_failures_total{kind="conflict"}'
    rig.notes["conflicts"] = sum([await metric(each.own_port, name) for each in rig.nodes])


@fault
@asynccontextmanager
async def hold_lock(rig: Rig) -> AsyncIterator[None]:
    """Hold the lock that every batch needs."""
    async with await rig.postgres.connect() as conn:
        await conn.execute("begin")
        await conn.execute("select from hunts for update")
        yield
        await conn.execute("rollback")


@fault
@asynccontextmanager
async def poison(rig: Rig) -> AsyncIterator[None]:
    """Make the table refuse the clicks at one position."""
    await rig.postgres.execute(
        "create function poisoned() returns trigger language plpgsql as $$ begin"
        " if new.x = 99 then raise exception 'a poisoned place'; end if; return new; end $$"
    )
    await rig.postgres.execute(
        "create trigger poisoned before insert on rewards for each row execute function poisoned()"
    )
    yield


@fault
@asynccontextmanager
async def fill_disk(rig: Rig) -> AsyncIterator[None]:
    """Fill the file system of PostgreSQL (53100)."""
    ballast = rig.postgres.folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        block = bytes(65536)
        for size in (65536, 4096, 512):
            try:
                while file.write(block[:size]):
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()
    assert rig.postgres.process is not None
    if rig.postgres.process.poll() is not None:  # it ended, because even recovery had no disk space
        await rig.postgres.stop()
        await rig.postgres.start()
