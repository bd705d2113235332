"""What can go wrong: each fault is in force for as long as its block."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio

from tests.faults.nodes import Node
from tests.faults.rig import Rig
from tests.life.processes import gone, until

Fault = Callable[..., AbstractAsyncContextManager[None]]

FAULTS: dict[str, Fault] = {}


def fault(function: Callable[..., AsyncIterator[None]]) -> Fault:
    """Make a fault of a generator, known by its name."""
    made: Fault = asynccontextmanager(function)
    FAULTS[function.__name__] = made
    return made


# --- PostgreSQL --------------------------------------------------------------


@fault
async def terminate_idle(rig: Rig) -> AsyncIterator[None]:
    """End all backends of hunt that do nothing (57P01), the listeners among them."""
    ended = await rig.postgres.terminate("state = 'idle'")
    assert ended
    rig.notes["terminated"] = rig.notes.get("terminated", 0) + ended
    yield


@fault
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
async def lose_answers(rig: Rig, count: int = 5) -> AsyncIterator[None]:
    """Reset connections after they have committed, and before the answer is through."""
    for each in rig.nodes:
        each.database.lose_answers += count
    await until(lambda: not any(each.database.lose_answers for each in rig.nodes), seconds=20)
    yield


@fault
async def freeze(rig: Rig) -> AsyncIterator[None]:
    """Stop postmaster and backends (SIGSTOP): the kernel goes on to acknowledge."""
    rig.postgres.freeze()
    try:
        yield
    finally:
        rig.postgres.thaw()


@fault
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
async def kill_postgres(rig: Rig) -> AsyncIterator[None]:
    """Stop the server at once, as ``pg_ctl stop -m immediate``; it recovers at its start."""
    await rig.postgres.stop(signal.SIGQUIT)
    yield
    await rig.postgres.start()


@fault
async def read_only(rig: Rig) -> AsyncIterator[None]:
    """Make every new transaction read-only (25006), as on a standby."""
    await rig.postgres.execute("alter system set default_transaction_read_only = on")
    await rig.postgres.execute("select pg_reload_conf()")
    yield
    async with await rig.postgres.connect() as conn:
        await conn.execute("set default_transaction_read_only = off")
        await conn.execute("alter system reset default_transaction_read_only")
        await conn.execute("select pg_reload_conf()")


# --- Between PostgreSQL and hunt -----------------------------------------------


@fault
async def cut_database(rig: Rig, node: int = -1) -> AsyncIterator[None]:
    """Swallow what one node (-1: all of them) and PostgreSQL say to each other."""
    for each in chosen(rig, node):
        each.database.blackhole(True)
        each.listening.blackhole(True)
    yield
    for each in chosen(rig, node):
        each.database.blackhole(False)
        each.listening.blackhole(False)


@fault
async def lose_notices(rig: Rig, to_the_end: bool = False) -> AsyncIterator[None]:
    """Lose what PostgreSQL notifies, and in the end the connections that listened.

    Args:
        rig: The run.
        to_the_end: Until after the last click, so that no later notice tells of it.
    """
    for each in rig.nodes:
        each.listening.blackhole(True)
    yield
    if to_the_end:
        rig.crowd.clicking = False
        await trio.sleep(1.0)
    for each in rig.nodes:
        each.listening.reset_all()
        each.listening.blackhole(False)


def chosen(rig: Rig, node: int) -> list[Node]:
    """Return one node, or all."""
    return rig.nodes if node < 0 else [rig.nodes[node]]


# --- hunt's processes ------------------------------------------------------------


@fault
async def kill_process(rig: Rig) -> AsyncIterator[None]:
    """Kill the process with most connections (SIGKILL); measure until another serves instead."""
    made = rig.nodes[0]
    before, sockets = made.processes(), made.own_sockets()
    pid = max(before, key=lambda pid: len(os.listdir(f"/proc/{pid}/fd")))
    os.kill(pid, signal.SIGKILL)
    killed = trio.current_time()
    yield
    await until(lambda: gone(pid) and bool(made.own_sockets() - sockets))
    [new] = made.own_sockets() - sockets
    await serving(new)
    rig.notes["replaced"] = trio.current_time() - killed


async def serving(path: str) -> None:
    """Wait until the process that listens at this socket of its own answers."""
    with trio.fail_after(10):
        while True:
            try:
                async with await trio.open_unix_socket(path) as stream:
                    await stream.send_all(b"GET /livez HTTP/1.1\r\nHost: hunt\r\n\r\n")
                    assert b" 200 " in await stream.receive_some(4096)
                    return
            except ConnectionRefusedError:  # it is bound already, and does not listen yet
                await trio.sleep(0.01)


@fault
async def restart(rig: Rig) -> AsyncIterator[None]:
    """Replace all processes of a node, one after the other (SIGHUP)."""
    made = rig.nodes[0]
    before = set(made.processes())
    made.server.send(signal.SIGHUP)
    await until(lambda: not before & set(made.processes()), seconds=40)
    yield
