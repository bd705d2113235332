"""Faults and restarts of hunt's own processes."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import trio

from hunt.core import tokens
from tests.faults import http
from tests.faults.metrics import metric
from tests.faults.nodes import SECRET
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.faults.usage import usage
from tests.support.processes import gone, until
from tests.support.raw_http import LIVEZ


@fault
@asynccontextmanager
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
    """Wait until the worker that listens at this socket answers."""
    with trio.fail_after(10):
        while True:
            try:
                async with await trio.open_unix_socket(path) as stream:
                    await stream.send_all(LIVEZ)
                    assert b" 200 " in await stream.receive_some(4096)
                    return
            except ConnectionRefusedError:  # the socket is bound, but does not listen yet
                await trio.sleep(0.01)


@fault
@asynccontextmanager
async def restart(rig: Rig) -> AsyncIterator[None]:
    """Replace all processes of a node, one after the other (SIGHUP)."""
    made = rig.nodes[0]
    before = set(made.processes())
    made.server.send(signal.SIGHUP)
    await until(lambda: not before & set(made.processes()), seconds=40)
    yield


@fault
@asynccontextmanager
async def stop_process(rig: Rig) -> AsyncIterator[None]:
    """Stop the process with most connections (SIGSTOP), like a blocked event loop."""
    made = rig.nodes[0]
    sockets, before = made.own_sockets(), await stalls(made.own_port)
    pid = max(made.processes(), key=lambda pid: len(os.listdir(f"/proc/{pid}/fd")))
    os.kill(pid, signal.SIGSTOP)
    stopped = trio.current_time()
    try:
        yield
    finally:
        if not gone(pid):
            os.kill(pid, signal.SIGCONT)
    if trio.current_time() > stopped + 10:
        await until(lambda: gone(pid) and bool(made.own_sockets() - sockets))
        [new] = made.own_sockets() - sockets
        await serving(new)
        rig.notes["replaced"] = trio.current_time() - stopped
    else:
        with trio.fail_after(5):
            while await stalls(made.own_port) == before:
                await trio.sleep(0.1)
        rig.notes["stalls seen"] = await stalls(made.own_port) - before


async def stalls(port: int) -> float:
    """Return how often an event loop of a node stalled."""
    return await metric(port, 'hunt_faults_total{kind="stalled",where="loop"}')


@fault
@asynccontextmanager
async def stop_node(rig: Rig) -> AsyncIterator[None]:
    """End the first node (SIGTERM); a load balancer sends clients to the others from then on."""
    made = rig.nodes[0]
    rig.crowd.ports.remove(made.port)
    rig.crowd.stream_ports.remove(made.port)
    asked = trio.current_time()
    made.server.send(signal.SIGTERM)
    with trio.fail_after(20):
        rig.notes["exit status"] = await made.server.wait()
    rig.notes["drained"] = trio.current_time() - asked
    rig.nodes.remove(made)
    yield


@fault
@asynccontextmanager
async def jump_clock(rig: Rig, seconds: int = 3600) -> AsyncIterator[None]:
    """Set the wall clock of hunt forward; only tokens depend on it."""
    channel = http.Channel(rig.nodes[0].own_port)
    short = tokens.sign((SECRET,), "visitor", ttl=seconds / 2, now=datetime.now(UTC))
    asked = http.get_request("/v1/hunts/harbour/rewards", short)
    before = (await channel.request(asked)).status
    (rig.folder / "clock").write_text(f"+{seconds}\n")
    yield
    after = (await channel.request(asked)).status
    rig.notes["token before"], rig.notes["token after"] = before, after
    channel.close()


@fault
@asynccontextmanager
async def sample(rig: Rig) -> AsyncIterator[None]:
    """Measure the resource usage of the servers without a fault."""
    tasks = sum([await metric(each.own_port, "hunt_tasks") for each in rig.nodes])
    rig.samples.append({**await usage(rig), "tasks": tasks})
    yield
