"""What can go wrong with PostgreSQL."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import trio

from hunt.testing.books import Books
from tests.faults.players import HUNT
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.life.processes import HUNT as COMMAND
from tests.life.processes import environment


@fault
@asynccontextmanager
async def terminate_idle(rig: Rig) -> AsyncIterator[None]:
    """End all backends of hunt that do nothing (57P01), the listeners among them."""
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
    with trio.fail_after(5):
        while not await rig.postgres.execute(
            "select pid from pg_stat_activity"
            " where application_name = 'hunt' and wait_event_type = 'Lock'"
        ):
            await trio.sleep(0.005)


@fault
@asynccontextmanager
async def lose_answers(rig: Rig, count: int = 5) -> AsyncIterator[None]:
    """Reset connections after they have committed, and before the answer is through."""
    for each in rig.nodes:
        each.database.lose_answers += count
    with trio.fail_after(20):
        while any(each.database.lose_answers for each in rig.nodes):
            await trio.sleep(0.01)
    yield


@fault
@asynccontextmanager
async def freeze(rig: Rig) -> AsyncIterator[None]:
    """Stop postmaster and backends (SIGSTOP): the kernel goes on to acknowledge."""
    rig.postgres.freeze()
    try:
        yield
    finally:
        rig.postgres.thaw()


@fault
@asynccontextmanager
async def freeze_backend(rig: Rig) -> AsyncIterator[None]:
    """Stop one backend that commits for hunt."""
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
    """Take all connections that PostgreSQL has (53300); first those of hunt, or not."""
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
    """Make a batch the victim of a deadlock (40P01), a real one."""
    async with await rig.postgres.connect() as conn:
        # So that it is not this session which gives up.
        await conn.execute("set deadlock_timeout = '1min'")
        await conn.execute("begin")
        await conn.execute("update prizes set granted = granted where id = 'pearl'")
        await until_waiting(rig)
        before = await deadlocks(rig)
        await conn.execute("select from hunts for update")
        await conn.execute("rollback")
    with trio.fail_after(5):
        while await deadlocks(rig) == before:
            await trio.sleep(0.01)
    yield


async def deadlocks(rig: Rig) -> int:
    """Return how many there were."""
    [[count]] = await rig.postgres.execute(
        "select deadlocks from pg_stat_database where datname = 'hunt'"
    )
    return int(count)


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
    """Have the table refuse the clicks at one place."""
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
    """Leave no room on the file system under PostgreSQL (53100)."""
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
    if rig.postgres.process.poll() is not None:  # it gave up: not even recovery had room
        await rig.postgres.stop()
        await rig.postgres.start()


@fault
@asynccontextmanager
async def lose_synchronous_standby(rig: Rig) -> AsyncIterator[None]:
    """Have every commit wait for a standby that is not there."""
    await rig.postgres.execute("alter system set synchronous_standby_names = 'nobody'")
    await rig.postgres.execute("select pg_reload_conf()")
    yield
    async with await rig.postgres.connect() as conn:
        await conn.execute("set synchronous_commit = local")
        await conn.execute("alter system reset synchronous_standby_names")
        await conn.execute("select pg_reload_conf()")


@fault
@asynccontextmanager
async def restore_backup(rig: Rig) -> AsyncIterator[None]:
    """Take a backup, play on, and restore it: some of what was answered is gone.

    As an operator would: nobody gets at the database before its logs have begun a
    new epoch.
    """
    backup = rig.folder / "backup"
    await rig.postgres.base_backup(backup)
    yield
    for each in rig.nodes:
        for path in (each.database, each.listening):
            path.refuse = True
            path.reset_all()
    rig.crowd.mark("the backup is restored")
    before = await rig.postgres.books(HUNT)
    await rig.postgres.stop(signal.SIGQUIT)
    rig.postgres.restore(backup)
    await rig.postgres.start()
    after = await rig.postgres.books(HUNT)
    rig.notes["rows gone"] = before.last_seq - after.last_seq
    await new_epoch(rig)
    await begin_again(rig, after)


@fault
@asynccontextmanager
async def failover(rig: Rig) -> AsyncIterator[None]:
    """Kill the primary while its standby lags behind, and promote the standby.

    Where the primary did not wait for it, some of what was answered is gone, and an
    operator begins a new epoch before anybody gets at the standby.
    """
    old, new = rig.postgres, rig.standby
    assert new is not None
    await old.stop_sending()
    await trio.sleep(0.5)
    before = max(each.seq or 0 for each in rig.history.attempts(HUNT))
    await old.kill()
    yield
    waits = rig.script.standby == "sync"
    doors = [path for node in rig.nodes for path in node.standby]
    for each in doors:
        each.refuse = not waits
        each.reset_all()
    await new.execute("select pg_promote()")
    rig.postgres = new
    after = await new.books(HUNT)
    rig.notes["answers gone"] = max(before - after.last_seq, 0)
    if not waits:
        await new_epoch(rig)
        await begin_again(rig, after)


async def new_epoch(rig: Rig) -> None:
    """Do what an operator does where a part of the log is gone."""
    environ = environment({"HUNT_DATABASE_URL": rig.postgres.conninfo})
    await trio.run_process([*COMMAND, "epoch", "--new"], env=environ, capture_stdout=True)


async def begin_again(rig: Rig, books: Books) -> None:
    """Let the servers at the database; return once every stream has been reset.

    What was told before, nobody holds against the log that is: only against `books`.
    """
    rig.judged_from = len(rig.history.entries)
    rig.known = books.rows
    open_again = trio.current_time()
    for node in rig.nodes:
        for path in (node.database, node.listening, *node.standby):
            path.refuse = False
    epoch = (await rig.postgres.books(HUNT)).epoch
    with trio.fail_after(20):
        while any(each.last is None or each.last[0] != epoch for each in rig.listeners):
            await trio.sleep(0.05)
    rig.notes["reset after"] = trio.current_time() - open_again
