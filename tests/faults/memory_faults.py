"""Requests that fill caches of a server, which must release the memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing

import trio

from hunt.service.eviction import INTERVAL
from tests.faults import http, players
from tests.faults.players import click
from tests.faults.registry import fault
from tests.faults.rig import Rig

#: Bytes of a long header: with the others, the longest head that the fast lane reads.
LONG = 7500

#: Connections that send at a time.
SENDERS = 8

#: Requests before the memory is measured for the first time.
WARM_UP = 100

#: Seconds after which the memory of unused entries must be released.
PATIENCE = 3 * INTERVAL


async def flood(rig: Rig, count: int, send: Callable[[http.Channel, int], Awaitable[None]]) -> None:
    """Call `send` for each number below `count`, on some connections at a time."""

    async def sender(first: int) -> None:
        with closing(http.Channel(rig.nodes[0].own_port)) as channel:
            for number in range(first, count, SENDERS):
                await send(channel, number)

    async with trio.open_nursery() as nursery:
        for first in range(SENDERS):
            nursery.start_soon(sender, first)


async def measure(
    rig: Rig, count: int, send: Callable[[http.Channel, int], Awaitable[None]], *, repeated: bool
) -> None:
    """Record how many MiB more the server uses after `count` requests than before.

    A warm-up excludes the cost of the first requests.

    Args:
        rig: The run.
        count: Number of requests.
        send: Sends the request with a number below `count`.
        repeated: Send them a second time, and compare the memory before and after that: caches
            that fill for the first time leave memory to the allocator, and a leak repeats.
    """

    def memory() -> float:
        return rig.nodes[0].usage()["memory"]

    async def grown() -> tuple[float, float]:
        """Send the requests; return the growth at once, and after the eviction."""
        before = memory()
        await flood(rig, count, send)
        at_once = memory() - before
        with trio.move_on_after(PATIENCE):
            while memory() - before > 2 * 2**20:
                await trio.sleep(0.5)
        return at_once / 2**20, (memory() - before) / 2**20

    await flood(rig, WARM_UP, send)
    if repeated:
        _, rig.notes["memory kept at first"] = await grown()
    rig.notes["memory at once"], rig.notes["memory kept"] = await grown()


@fault
@asynccontextmanager
async def refused_heads(rig: Rig, count: int = 9000) -> AsyncIterator[None]:
    """Send clicks with long, different heads and with invalid tokens."""

    async def send(channel: http.Channel, number: int) -> None:
        token = f"{number}." + "x" * LONG
        answer = await channel.request(http.click_request(token, players.HUNT, b"{}"))
        assert answer.status == 401, answer

    await measure(rig, count, send, repeated=False)
    yield


@fault
@asynccontextmanager
async def forwarding_headers(rig: Rig, count: int = 8192) -> AsyncIterator[None]:
    """Send clicks with long, different forwarding headers."""

    async def send(channel: http.Channel, number: int) -> None:
        line = b"X-Forwarded-For: %d.%b\r\n" % (number, b"x" * LONG)
        head, _, rest = http.click_request("x", players.HUNT, b"{}").partition(b"\r\n")
        for request in (
            b"%b\r\n%b%b" % (head, line, rest),
            b"POST /v1/session HTTP/1.1\r\nHost: hunt\r\n%b\r\n" % line,
        ):
            answer = await channel.request(request)
            assert answer.status in {201, 401}, answer

    await measure(rig, count, send, repeated=False)
    yield


@fault
@asynccontextmanager
async def many_guests(
    rig: Rig, count: int = 60_000, *, repeated: bool = False
) -> AsyncIterator[None]:
    """Create many guests, each of which clicks once."""

    async def send(channel: http.Channel, number: int) -> None:
        answer = await channel.request(b"POST /v1/session HTTP/1.1\r\nHost: hunt\r\n\r\n")
        assert answer.status == 201, answer
        cookie = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
        guest = json.loads(bytes(answer.body))["player"]
        body = json.dumps({"id": rig.crowd.click_id(), "x": 1.0, "y": 1.0}).encode()
        await click(rig.crowd, channel, guest, cookie, body)

    await measure(rig, count, send, repeated=repeated)
    yield
