"""Faults of the network between PostgreSQL, hunt and the clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from tests.faults.nodes import Node
from tests.faults.players import HUNT, readiness
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.support.processes import ports

#: Seconds after which the clients of a worker that was cut off have found another one.
MOVED = 2.0


def chosen(rig: Rig, node: int) -> list[Node]:
    """Return one node, or all (-1)."""
    return rig.nodes if node < 0 else [rig.nodes[node]]


@fault
@asynccontextmanager
async def cut_database(rig: Rig, node: int = -1) -> AsyncIterator[None]:
    """Drop all bytes between one node (-1: all nodes) and PostgreSQL."""
    for each in chosen(rig, node):
        each.database.blackhole(True)
        each.listening.blackhole(True)
    yield
    for each in chosen(rig, node):
        each.database.blackhole(False)
        each.listening.blackhole(False)


@fault
@asynccontextmanager
async def lose_notices(rig: Rig, to_the_end: bool = False) -> AsyncIterator[None]:
    """Drop notices of PostgreSQL, and finally the connections that listen.

    Args:
        rig: The run.
        to_the_end: Until after the last click, so that no later notice reveals the loss.
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


@fault
@asynccontextmanager
async def cut_one(rig: Rig) -> AsyncIterator[None]:
    """Cut off the first node from PostgreSQL; check that it notices and the other one works."""
    first, second = rig.nodes
    for each in (first.database, first.listening):
        each.blackhole(True)
    yield
    rig.notes["ready, cut off"] = await readiness(first.own_port) == 200
    rig.notes["ready, not cut off"] = await readiness(second.own_port) == 200
    for each in (first.database, first.listening):
        each.blackhole(False)


@fault
@asynccontextmanager
async def cut_worker(rig: Rig) -> AsyncIterator[None]:
    """Cut off the busiest worker from PostgreSQL; check that its clients move to the other one."""
    [made] = rig.nodes
    victim = max(made.processes(), key=lambda pid: len(ports(pid)))
    for each in (made.database, made.listening):
        each.cut_off(lambda port: port in ports(victim))
    cut = trio.current_time()
    yield
    ended = trio.current_time()
    rig.notes["ready, one cut off"] = await readiness(made.own_port) == 200
    late = [
        attempt
        for attempt in rig.history.attempts(HUNT)
        if attempt.sent > cut + MOVED and attempt.answered < ended
    ]
    refused = sum(attempt.status == 503 for attempt in late)
    rig.notes["share refused later"] = refused / len(late) if late else 1.0
    for each in (made.database, made.listening):
        each.cut_off(lambda port: False)


@fault
@asynccontextmanager
async def slow_database(rig: Rig, latency: float = 0.04) -> AsyncIterator[None]:
    """Delay all bytes between hunt and PostgreSQL, in both directions."""
    for each in rig.nodes:
        each.database.latency = latency
    yield
    for each in rig.nodes:
        each.database.latency = 0.0


@fault
@asynccontextmanager
async def slice_database(rig: Rig, size: int = 1) -> AsyncIterator[None]:
    """Forward the bytes between hunt and PostgreSQL in small pieces."""
    for each in rig.nodes:
        each.database.slice = each.listening.slice = size
    yield
    for each in rig.nodes:
        each.database.slice = each.listening.slice = 65536


@fault
@asynccontextmanager
async def reset_database(rig: Rig) -> AsyncIterator[None]:
    """Reset all connections between hunt and PostgreSQL."""
    for each in rig.nodes:
        each.database.reset_all()
        each.listening.reset_all()
    yield


@fault
@asynccontextmanager
async def reset_clients(rig: Rig) -> AsyncIterator[None]:
    """Reset all connections of clients at once: clicks and streams."""
    for each in rig.nodes:
        each.edge.reset_all()
    yield


@fault
@asynccontextmanager
async def slice_clients(rig: Rig, size: int = 1) -> AsyncIterator[None]:
    """Forward the bytes between clients and hunt in small pieces."""
    for each in rig.nodes:
        each.edge.slice = size
    yield
    for each in rig.nodes:
        each.edge.slice = 65536


@fault
@asynccontextmanager
async def slow_clients(rig: Rig, latency: float = 0.1) -> AsyncIterator[None]:
    """Delay all bytes between clients and hunt, in both directions."""
    for each in rig.nodes:
        each.edge.latency = latency
    yield
    for each in rig.nodes:
        each.edge.latency = 0.0


@fault
@asynccontextmanager
async def cut_clients(rig: Rig) -> AsyncIterator[None]:
    """Drop all bytes between clients and hunt; then reset the connections."""
    for each in rig.nodes:
        each.edge.blackhole(True)
    yield
    for each in rig.nodes:
        each.edge.reset_all()
        each.edge.blackhole(False)
