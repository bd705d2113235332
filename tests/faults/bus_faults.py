"""Faults of the Valkey server that carries notices between nodes."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from tests.faults.metrics import metric
from tests.faults.players import readiness
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.support.valkey import PASSWORD, Valkey


def valkey(rig: Rig) -> Valkey:
    """Return the server of a run that has one."""
    assert rig.bus is not None
    return rig.bus


@asynccontextmanager
async def lost(rig: Rig) -> AsyncIterator[None]:
    """Check that nodes stay ready without the bus, and measure until all have it again."""
    yield
    rig.notes["ready without"] = sum([await readiness(e.own_port) == 200 for e in rig.nodes])


async def back(rig: Rig) -> None:
    """Wait until all processes are connected again."""
    began = trio.current_time()
    name = 'hunt_bus_connected{bus="valkey"}'
    processes = rig.script.nodes * rig.script.processes
    with trio.fail_after(15):
        while sum([await metric(each.own_port, name) for each in rig.nodes]) < processes:
            await trio.sleep(0.05)
    rig.notes["bus back"] = trio.current_time() - began


@fault
@asynccontextmanager
async def kill_bus(rig: Rig) -> AsyncIterator[None]:
    """Kill the server (SIGKILL), and start it again."""
    valkey(rig).stop()
    async with lost(rig):
        yield
    await valkey(rig).start()
    await back(rig)


@fault
@asynccontextmanager
async def restart_bus(rig: Rig) -> AsyncIterator[None]:
    """Restart the server, as an upgrade does (SIGTERM)."""
    valkey(rig).stop(signal.SIGTERM)
    await valkey(rig).start()
    yield
    await back(rig)


@fault
@asynccontextmanager
async def freeze_bus(rig: Rig) -> AsyncIterator[None]:
    """Stop the server (SIGSTOP); the kernel still acknowledges packets."""
    valkey(rig).send(signal.SIGSTOP)
    try:
        async with lost(rig):
            yield
    finally:
        valkey(rig).send(signal.SIGCONT)
    await back(rig)


@fault
@asynccontextmanager
async def cut_bus(rig: Rig) -> AsyncIterator[None]:
    """Drop all bytes between the last node and the server; the node's streams need the bus."""
    proxy = rig.nodes[-1].bus
    assert proxy is not None
    proxy.blackhole(True)
    async with lost(rig):
        yield
    proxy.blackhole(False)
    await back(rig)


@fault
@asynccontextmanager
async def slow_bus(rig: Rig, latency: float = 0.2) -> AsyncIterator[None]:
    """Delay all bytes between the nodes and the server, in both directions."""
    proxies = [each.bus for each in rig.nodes if each.bus is not None]
    for proxy in proxies:
        proxy.latency = latency
    async with lost(rig):
        yield
    for proxy in proxies:
        proxy.latency = 0.0
    await back(rig)


@fault
@asynccontextmanager
async def fill_bus(rig: Rig) -> AsyncIterator[None]:
    """Have the server cut off a subscriber whose output buffer is full."""
    server, proxy = valkey(rig), rig.nodes[-1].bus
    assert proxy is not None
    [name] = (await server.ask("pubsub", "channels", "hunt:log:*")).split()
    before = await subscribers(server, name)
    assert (
        await server.ask("config", "set", "client-output-buffer-limit", "pubsub 64kb 0 0") == "OK"
    )
    proxy.blackhole(True)
    with trio.fail_after(20):
        while await subscribers(server, name) == before:
            await server.ask("publish", name, "x" * 100_000)
    rig.notes["subscribers cut off"] = before - await subscribers(server, name)
    async with lost(rig):
        yield
    assert await server.ask("config", "set", "client-output-buffer-limit", "pubsub 32mb 8mb 60")
    proxy.blackhole(False)
    await back(rig)


async def subscribers(server: Valkey, channel: str) -> int:
    """Return the number of subscribers of a channel."""
    return int((await server.ask("pubsub", "numsub", channel)).split()[-1])


@fault
@asynccontextmanager
async def change_password(rig: Rig) -> AsyncIterator[None]:
    """Change the password of the server, and end all connections."""
    server = valkey(rig)
    assert await server.ask("config", "set", "requirepass", "another") == "OK"
    for kind in ("normal", "pubsub"):
        await server.ask("client", "kill", "type", kind, "skipme", "yes", password="another")
    async with lost(rig):
        yield
    assert await server.ask("config", "set", "requirepass", PASSWORD, password="another") == "OK"
    await back(rig)
    logs = b"".join(log.read_bytes() for log in rig.folder.glob("node-*/node.log"))
    rig.notes["passwords logged"] = logs.count(PASSWORD.encode())
