"""Faults of clients."""

from __future__ import annotations

import ctypes
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager, closing, suppress

import trio

from hunt.core.sse import Event, Parser
from tests.faults import http, players
from tests.faults.listener import Listener
from tests.faults.metrics import metric
from tests.faults.players import click, token
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.support.hostile_input import corpus

SO_ATTACH_FILTER = 26
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF: ret 0


@fault
@asynccontextmanager
async def fall_asleep(rig: Rig) -> AsyncIterator[None]:
    """Let a stream's client vanish without a FIN; measure until its descriptor is free."""
    port = rig.nodes[0].own_port
    before = await steady_connections(port)
    with await opened_stream(port, "sleeper") as sock:
        await until_connections(port, before + 1, at_least=True)
        # The kernel drops its packets, so nothing is acknowledged, as for a phone out of reach.
        program = ctypes.create_string_buffer(_DROP_ALL, len(_DROP_ALL))
        given = struct.pack("HL", len(_DROP_ALL) // 8, ctypes.addressof(program))
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, given)
        asleep = trio.current_time()
        yield
        await until_connections(port, before)
        rig.notes["freed"] = trio.current_time() - asleep


async def opened_stream(port: int, player: str, *, resume: str | None = None) -> socket.socket:
    """Return a socket that has requested a stream and never reads."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.sendall(http.stream_request(token(player), players.HUNT, resume))
    return sock


async def connections(port: int) -> float:
    """Return the streams of a node."""
    return await metric(port, "hunt_subscribers")


async def steady_connections(port: int) -> float:
    """Return the streams of a node once their number stays: `/metrics` may be a second old."""
    last, since = await connections(port), trio.current_time()
    with trio.fail_after(45):
        while trio.current_time() < since + 1.5:
            await trio.sleep(0.1)
            if (found := await connections(port)) != last:
                last, since = found, trio.current_time()
    return last


async def until_connections(port: int, count: float, *, at_least: bool = False) -> None:
    """Wait until a node has at least, or at most, `count` streams."""
    with trio.fail_after(45):
        while (await connections(port) < count) if at_least else (await connections(port) > count):
            await trio.sleep(0.1)


@fault
@asynccontextmanager
async def stop_reading(rig: Rig, clicks: int = 3000) -> AsyncIterator[None]:
    """Stop reading a stream while its player has many rewards; then read again."""
    port = rig.nodes[0].own_port
    listener = Listener(rig.crowd, "sluggard")
    assert rig.nursery is not None
    streams = await steady_connections(port)
    with await opened_stream(port, "sluggard"):
        await until_connections(port, streams + 1, at_least=True)

        async def burst(count: int) -> None:
            with closing(http.Channel(port)) as channel:
                for _ in range(count):
                    body = json.dumps({"id": rig.crowd.click_id(), "x": 1.0, "y": 1.0}).encode()
                    await click(rig.crowd, channel, "sluggard", token("sluggard"), body)

        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(16):
                nursery.start_soon(burst, clicks // 16)
        yield
        await until_connections(port, streams)
        rig.notes["cut off"] = trio.current_time() - began
        rig.notes["slow"] = await metric(port, "hunt_slow_subscribers_total")
    rig.listeners.append(listener)
    rig.nursery.start_soon(listener.run)


@fault
@asynccontextmanager
async def strange_resumes(rig: Rig) -> AsyncIterator[None]:
    """Resume from ids that are unknown, malformed, huge, of another epoch, past the cap."""
    port = rig.nodes[0].own_port
    books = await rig.postgres.books(players.HUNT)
    epoch, last = books.epoch, books.last_seq
    strange = (
        "", "x", "k-1", f"{epoch}-", f"{epoch}--1", f"{epoch}-1e3", f"{epoch}-{10**30}",
        f"{epoch}-{last + 10**6}", "k0000-1", f"other-{last}", "9" * 300, f"{epoch}-0", "ÿ",
    )  # fmt: skip
    for text in strange:
        events = await beginning(port, "p0", text)
        assert events[0].event == "hello", (text, events)
        if text:
            assert [each.event for each in events] == ["hello", "reset"], (text, events)
    # An event id of another player is a valid position in the log.
    [hello] = await beginning(port, "nobody", f"{epoch}-0")
    assert json.loads(hello.data)["resumed"] is True
    rig.notes["resumes"] = len(strange) + 1
    yield


async def beginning(port: int, player: str, resume: str) -> list[Event]:
    """Return the events that a stream begins with."""
    channel, parser = http.Channel(port), Parser()
    request = http.stream_request(token(player), players.HUNT, resume)
    try:
        async with aclosing(channel.body(request)) as pieces:
            with trio.fail_after(5):
                async for piece in pieces:
                    found = [event for event in parser.feed(piece) if event.event]
                    if found:
                        return [event for event in found if event.event in {"hello", "reset"}]
    finally:
        channel.close()
    raise AssertionError("a stream that says nothing")


@fault
@asynccontextmanager
async def many_connections(rig: Rig, count: int = 300) -> AsyncIterator[None]:
    """Open more connections than there are descriptors for, and try to click."""
    port = rig.nodes[0].own_port
    sockets = []
    try:
        for _ in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            with suppress(BlockingIOError):
                sock.connect(("127.0.0.1", port))
            sockets.append(sock)
        yield
        served = 0
        for _ in range(10):
            with closing(http.Channel(port)) as channel:
                body = json.dumps({"id": rig.crowd.click_id(), "x": 1.0, "y": 1.0}).encode()
                attempt = await click(rig.crowd, channel, "late", token("late"), body)
            served += attempt.status == 200
        rig.notes["served"] = served
    finally:
        for sock in sockets:
            sock.close()


@fault
@asynccontextmanager
async def one_address(rig: Rig, count: int = 400) -> AsyncIterator[None]:
    """Open all connections that one address can get, repeatedly, and send almost nothing."""
    port = rig.nodes[0].own_port
    probes = 0

    async def attack() -> None:
        with ExitStack() as stack:
            for number in range(count):
                sock = stack.enter_context(closing(trio.socket.socket()))
                await sock.bind(("127.0.0.2", 0))
                with suppress(OSError):
                    await sock.connect(("127.0.0.1", port))
                    if number % 2:
                        await sock.send(b"POST /v1/hunts/harbour/cl")
            await trio.sleep(0.5)

    async def attack_again() -> None:
        while True:
            await attack()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(attack_again)
        deadline = trio.current_time() + 3.0
        while trio.current_time() < deadline:
            with closing(http.Channel(port)) as channel, trio.fail_after(2):
                answer = await channel.request(http.get_request("/livez", ""))
            assert answer.status == 200
            probes += 1
            await trio.sleep(0.02)
        yield
        nursery.cancel_scope.cancel()
    rig.notes["probes"] = probes
    rig.notes["evicted"] = await metric(port, "hunt_connections_evicted_total")


@fault
@asynccontextmanager
async def hostile(rig: Rig) -> AsyncIterator[None]:
    """Send every hostile input, twice; after each the server answers with 200.

    The first time, the allocator keeps room for the largest inputs; a leak repeats.
    """
    node = rig.nodes[0]
    inputs = list(corpus())
    for kept in ("memory kept at first", "memory kept"):
        before = node.usage()["memory"]
        for data in inputs:
            with suppress(trio.BrokenResourceError):
                async with await trio.open_tcp_stream("127.0.0.1", node.own_port) as stream:
                    with trio.move_on_after(1):
                        await stream.send_all(data)
            with closing(http.Channel(node.own_port)) as channel:
                answer = await channel.request(http.get_request("/livez", ""))
            assert answer.status == 200, data[:200]
        rig.notes[kept] = (node.usage()["memory"] - before) / 2**20
    rig.notes["inputs"] = len(inputs)
    yield


@fault
@asynccontextmanager
async def same_moment(rig: Rig, count: int = 50) -> AsyncIterator[None]:
    """Send the same click to both nodes at the same moment, repeatedly."""
    with ExitStack() as stack:
        channels = [stack.enter_context(closing(http.Channel(each.own_port))) for each in rig.nodes]
        signed = token("twin")
        for _ in range(count):
            body = json.dumps({"id": rig.crowd.click_id(), "x": 2.0, "y": 2.0}).encode()
            async with trio.open_nursery() as nursery:
                for channel in channels:
                    nursery.start_soon(click, rig.crowd, channel, "twin", signed, body)
    yield
