"""Limits of connections: eviction of idle ones, and answers beyond a limit."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import h2.events
import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from hunt.core.proxies import Peer
from hunt.core.sse import Parser
from hunt.edge import admission
from hunt.edge.admission import (
    BEYOND,
    OPERATIONS,
    SEARCH_COOLDOWN,
    SEARCH_LIFE,
    WARN_INTERVAL,
    Admission,
    Slot,
)
from tests.support import certificates
from tests.support.hostile_input import send
from tests.support.raw_http import LIVEZ, WAYS, Reader, at_its_end, click, subscribe
from tests.support.raw_http2 import speaking
from tests.support.raw_websocket import handshake
from tests.support.serving import Client, connected, serving


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Held:
    """The part of a connection that the limits use."""

    def __init__(
        self, limits: Admission, host: str = "192.0.2.1", *, trusted: bool = False
    ) -> None:
        self.slot: Slot = limits.admit(Peer(host, trusted, host))
        self.slot.holder = self
        self.idle: float | None = None
        self.arrives = False  # a request that arrives during the search
        self.closed = False

    def idle_since(self) -> float | None:
        return self.idle

    def evict(self) -> None:
        if self.arrives:
            self.idle = None
        else:
            self.abort()

    def abort(self) -> None:
        self.closed = True
        self.slot.release()


def limits(most: int | None = None, per_address: int | None = None) -> Admission:
    made = Admission(Clock())
    made.limit, made.per_address = most, per_address
    return made


def closed(held: Iterable[Held]) -> list[bool]:
    return [each.closed for each in held]


def test_longest_idle_connection_makes_room() -> None:
    made = limits(4)
    held = [Held(made) for _ in range(4)]
    for each, since in zip(held, (3.0, 1.0, None, 2.0), strict=True):
        each.idle = since
    for expected in ([0, 1, 0, 0], [0, 1, 0, 1], [1, 1, 0, 1]):
        new = Held(made)
        assert new.slot.beyond is None
        assert closed(held) == expected
    assert (made.count, made.evicted) == (4, 3)


def test_request_in_flight_and_stream_make_no_room() -> None:
    made = limits(3)
    stream, asking, idle = (Held(made) for _ in range(3))
    stream.idle, idle.idle = 1.0, 2.0
    stream.slot.pin()
    assert Held(made).slot.beyond is None
    assert closed([stream, asking, idle]) == [False, False, True]
    assert Held(made).slot.beyond == "all"


def test_connection_that_asks_meanwhile_is_passed_over() -> None:
    made = limits(2)
    first, second = Held(made), Held(made)
    first.idle, second.idle = 1.0, 2.0
    first.arrives = True
    assert Held(made).slot.beyond is None
    assert closed([first, second]) == [False, True]


def test_connection_that_was_used_since_the_search_is_passed_over() -> None:
    made = limits(3)
    held = [Held(made) for _ in range(3)]
    for since, each in enumerate(held):
        each.idle = float(since)
    Held(made)
    held[1].idle = 9.0
    Held(made)
    assert closed(held) == [True, False, True]


def test_old_search_keeps_no_closed_connections() -> None:
    made = limits(3)
    held = [Held(made) for _ in range(3)]
    for since, each in enumerate(held):
        each.idle = float(since)
    Held(made)
    assert made._searches[None].found
    for each in held[1:]:
        each.slot.release()
    made._clock.now = SEARCH_LIFE  # type: ignore[attr-defined]
    Held(made).slot.release()
    assert not made._searches


def test_address_at_its_limit_closes_its_own() -> None:
    made = limits(10, 2)
    other, *own = Held(made, "192.0.2.2"), Held(made), Held(made)
    other.idle, own[0].idle, own[1].idle = 1.0, 3.0, None
    assert Held(made).slot.beyond is None
    assert closed([other, *own]) == [False, True, False]
    assert Held(made).slot.beyond == "address"
    assert Held(made, "192.0.2.2").slot.beyond is None
    assert made.refused == {"all": 0, "address": 1}


def test_trusted_proxy_and_unknown_address_have_no_limit_of_their_own() -> None:
    made = limits(100, 1)
    for _ in range(5):
        assert Held(made, trusted=True).slot.beyond is None
        assert made.admit(Peer("unix", trusted=False, key=None)).beyond is None


def test_closed_connections_leave_nothing() -> None:
    made = limits(3, 2)
    held = [Held(made, host) for host in ("a", "a", "a", "b", "b", "c")]
    assert [each.slot.beyond for each in held] == [None, None, "address", None, "all", "all"]
    for each in held:
        each.slot.release()
        each.slot.release()
    assert made.count == 0
    assert not made._addresses
    assert not made._evictable
    assert not made._beyond
    assert [Held(made).slot.beyond for _ in range(2)] == [None, None]


def test_beyond_the_limit_the_oldest_makes_room() -> None:
    made = limits(0)
    held = [Held(made, f"192.0.2.{number}") for number in range(BEYOND)]
    Held(made, "198.51.100.1")
    assert closed(held) == [True] + [False] * (BEYOND - 1)
    held[1].arrives = True
    Held(made, "198.51.100.1")
    assert closed(held[:4]) == [True, False, True, False], "it is being answered"


def test_beyond_the_limit_one_is_aborted_where_all_are_being_answered() -> None:
    made = limits(0)
    held = [Held(made, f"192.0.2.{number}") for number in range(BEYOND)]
    for each in held:
        each.arrives = True
    Held(made, "198.51.100.1")
    assert closed(held) == [True] + [False] * (BEYOND - 1)


def test_address_takes_half_of_the_connections_beyond_the_limit() -> None:
    made = limits(0)
    other = Held(made, "192.0.2.2")
    held = [Held(made) for _ in range(2 * BEYOND)]
    assert not other.closed
    assert sum(not each.closed for each in held) == BEYOND // 2


def test_operations_have_a_reserve_beyond_the_limit() -> None:
    made = limits(0)
    served = [Held(made, f"192.0.2.{number}").slot for number in range(OPERATIONS + 1)]
    assert not served[0].serves(b"/v1/hunts")
    assert not served[0].serves(b"/livezz")
    assert [each.serves(b"/metrics?process=own") for each in served] == [True] * OPERATIONS + [
        False
    ]
    assert served[0].serves(b"/readyz"), "another one, on the same connection"
    for _ in range(2 * BEYOND):
        Held(made)
    assert made.count == OPERATIONS + BEYOND // 2 + 1
    served[0].release()
    assert served[-1].serves(b"/livez")


def test_search_that_found_nothing_is_not_repeated_at_once() -> None:
    made = limits(1)
    clock = made._clock
    assert isinstance(clock, Clock)
    held = Held(made)
    assert Held(made).slot.beyond == "all"
    held.idle = 1.0
    assert Held(made).slot.beyond == "all"
    clock.now += SEARCH_COOLDOWN
    assert Held(made).slot.beyond is None


def test_slot_within_the_limits_serves_everything() -> None:
    made = Admission(Clock(), limit=2, per_address=1)
    peer = Peer("192.0.2.1", trusted=False, key="192.0.2.1")
    slot = made.admit(peer)
    assert slot.peer is peer
    assert slot.serves(b"/v1/hunts")
    assert (made.load(), Admission(Clock()).load()) == (0.5, 0.0)
    assert made.admit(peer).beyond == "address"


def test_stream_is_never_evictable_again() -> None:
    made = limits(1)
    stream = Held(made)
    for _ in range(2):
        stream.slot.pin()
    stream.slot.holder, stream.idle = stream, 1.0
    assert Held(made).slot.beyond == "all"


def test_operations_leave_room_for_others() -> None:
    made = limits(1)
    first, probe = Held(made), Held(made)
    assert probe.slot.serves(b"/readyz")
    first.slot.release()
    assert Held(made).slot.beyond is None


def test_address_at_its_limit_does_not_use_the_search_of_others() -> None:
    made = limits(3, 2)
    other, second, own = Held(made, "b"), Held(made, "b"), Held(made, "a")
    other.idle, second.idle, own.idle = 1.0, 2.0, 3.0
    for expected in ([True, False, False], [True, False, True]):
        assert Held(made, "a").slot.beyond is None
        assert closed([other, second, own]) == expected


def test_unknown_addresses_share_all_places_beyond_the_limit() -> None:
    made = limits(0)
    held = [Held(made, trusted=True) for _ in range(BEYOND)]
    assert not any(closed(held))


def test_address_at_its_limit_is_logged_once_in_an_interval() -> None:
    made = limits(1, 1)
    clock = made._clock
    assert isinstance(clock, Clock)
    with capture_logs() as lines:
        Held(made, "a")
        assert Held(made, "b").slot.beyond == "all"
        for seconds, count in ((0.0, 1), (WARN_INTERVAL - 1, 1), (1.0, 2)):
            clock.now += seconds
            assert Held(made, "a").slot.beyond == "address"
            assert [each["limit"] for each in lines] == [1] * count


# --- A server at its limit ----------------------------------------------------


@pytest.fixture(params=WAYS)
async def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    lane, tls = WAYS[request.param]
    return {"fast_lane": lane, "over_tls": tls}


@asynccontextmanager
async def full(database: str, way: dict[str, Any], **options: Any) -> AsyncIterator[Client]:
    """Serve with a limit of one connection, which a stream takes."""
    limit = {"max_connections": 1, "max_connections_per_address": 0}
    async with (
        serving(database, **limit, **way, **options) as client,
        connected(client) as first,
    ):
        await first.send_all(subscribe())
        reader = Reader(first)
        await reader.until(b"\r\n\r\n")
        await reader.events(2)
        yield client


def closing(request: bytes) -> bytes:
    return request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


async def test_idle_connection_is_closed_for_a_new_one_and_a_stream_is_not(
    database: str, way: dict[str, Any]
) -> None:
    limit = {"max_connections": 3, "max_connections_per_address": 0}
    async with (
        serving(database, **limit, **way) as client,
        connected(client) as streaming,
        connected(client) as idle,
        connected(client) as younger,
    ):
        await streaming.send_all(subscribe())
        events = Reader(streaming)
        await events.until(b"\r\n\r\n")
        await events.events(2)
        readers = [Reader(idle), Reader(younger)]
        for stream, reader in zip((idle, younger), readers, strict=True):
            for request in (LIVEZ, click()):
                await stream.send_all(request)
                assert (await reader.answer())[0] == 200
        await events.events(2)
        async with connected(client) as new:
            await new.send_all(click())
            assert (await Reader(new).answer())[0] == 200
            assert await at_its_end(readers[0]) == b""
            await younger.send_all(click())
            assert (await readers[1].answer())[0] == 200
            await events.events(1)


async def test_each_request_beyond_the_limit_is_answered(
    database: str, way: dict[str, Any]
) -> None:
    async with full(database, way) as client:
        chunked = click().replace(b"Content-Length: 66", b"Transfer-Encoding: chunked")
        for request in (
            click(),
            closing(click()),
            chunked,
            click().replace(b"HTTP/1.1", b"HTTP/1.0"),
            closing(LIVEZ.replace(b"/livez", b"/v1/hunts")),
            LIVEZ.replace(b"/livez", b"/"),
            LIVEZ.replace(b"GET /livez", b"PUT /nothing"),
            LIVEZ.replace(b"GET /livez", b"POST /v1/session"),
            subscribe().replace(b"GET ", b"POST "),
            handshake(client),
        ):
            async with connected(client) as stream:
                await stream.send_all(request)
                reader = Reader(stream)
                status, headers, body = await reader.answer()
                assert status == 503, request
                assert headers["content-type"] == "application/problem+json"
                assert headers["connection"] == "close"
                assert int(headers["retry-after"]) >= 1
                assert "too many connections" in json.loads(body)["detail"]
                assert await at_its_end(reader) == b""
        async with connected(client) as stream:
            await stream.send_all(LIVEZ.replace(b"GET /livez", b"HEAD /v1/hunts"))
            assert (await at_its_end(Reader(stream))).startswith(b"HTTP/1.1 503")


async def test_stream_beyond_the_limit_gets_a_retry_time(
    database: str, way: dict[str, Any]
) -> None:
    async with full(database, way) as client:
        for request in (subscribe(), closing(subscribe(query="?scope=all"))):
            async with connected(client) as stream:
                await stream.send_all(request)
                reader = Reader(stream)
                status, headers, body = await reader.answer()
                assert (status, headers["connection"]) == (200, "close")
                assert headers["content-type"] == "text/event-stream; charset=utf-8"
                [pause] = Parser().feed(body)
                assert (pause.retry or 0) >= 1000
                assert await at_its_end(reader) == b""


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/metrics?process=own"])
async def test_operations_are_served_beyond_the_limit(
    database: str, way: dict[str, Any], path: str
) -> None:
    async with full(database, way) as client, AsyncExitStack() as stack:
        for _ in range(BEYOND):  # these connections send nothing
            await stack.enter_async_context(connected(client))
        for request in (LIVEZ, closing(LIVEZ)):
            async with connected(client) as stream:
                await stream.send_all(request.replace(b"/livez", path.encode()))
                reader = Reader(stream)
                status, headers, _ = await reader.answer()
                assert (status, headers["connection"]) == (200, "close")
                assert await at_its_end(reader) == b""


async def test_silent_connections_keep_no_request_from_its_answer(
    database: str, way: dict[str, Any]
) -> None:
    async with full(database, way) as client, AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(connected(client)) for _ in range(BEYOND)]
        late = []
        for _ in range(2 * BEYOND):
            late.append(await stack.enter_async_context(connected(client)))
            await late[-1].send_all(click())
            status, headers, _ = await Reader(late[-1]).answer()
            assert (status, headers["connection"]) == (503, "close")
        for stream in silent:
            assert await at_its_end(Reader(stream)) == b""


async def test_silent_connection_beyond_the_limit_is_closed_soon(
    database: str, way: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("connection", "parked_connection"):
        monkeypatch.setattr(f"hunt.edge.{module}.BEYOND_TIMEOUT", 0.2)
    async with full(database, way) as client:
        for said in (b"", b"GET /li"):
            async with connected(client) as stream:
                await stream.send_all(said)
                assert await at_its_end(Reader(stream)) == b""
        assert client.worker is not None
        with trio.fail_after(5):
            while client.worker.connections > 1:
                await trio.lowlevel.checkpoint()


@asynccontextmanager
async def connected_from(client: Client, host: str) -> AsyncIterator[trio.abc.Stream]:
    """Yield a connection from an address of this machine."""
    made = trio.socket.from_stdlib_socket(socket.socket())
    await made.bind((host, 0))
    await made.connect((client.base_url.host, client.base_url.port))
    async with trio.SocketStream(made) as stream:
        if client.tls is None:
            yield stream
        else:
            context, name = certificates.client(), client.base_url.host
            yield trio.SSLStream(stream, context, server_hostname=name, https_compatible=True)


async def test_one_address_cannot_take_all_connections(database: str, way: dict[str, Any]) -> None:
    limit = {"max_connections": 40, "max_connections_per_address": 3}
    async with serving(database, **limit, **way) as client, AsyncExitStack() as stack:
        enter = stack.enter_async_context
        streams = [await enter(connected_from(client, "127.0.0.2")) for _ in range(3)]
        for stream in streams:
            await stream.send_all(subscribe())
            await Reader(stream).until(b"\r\n\r\n")  # type: ignore[arg-type]
        for _ in range(2 * BEYOND):
            await enter(connected_from(client, "127.0.0.2"))
        refused = await enter(connected_from(client, "127.0.0.2"))
        await refused.send_all(click())
        status, _, body = await Reader(refused).answer()  # type: ignore[arg-type]
        assert status == 503
        assert "from this address" in json.loads(body)["detail"]
        for request in (LIVEZ, click()):
            other = await enter(connected_from(client, "127.0.0.3"))
            await other.send_all(request)
            assert (await Reader(other).answer())[0] == 200  # type: ignore[arg-type]
        text = (await client.get("/metrics")).text
        assert f'hunt_connections_refused_total{{limit="address"}} {2 * BEYOND + 1}' in text


async def test_trusted_proxy_has_no_limit_by_address(database: str, way: dict[str, Any]) -> None:
    options = {"max_connections_per_address": 1, "trusted_proxies": ("127.0.0.1",), **way}
    async with serving(database, **options) as client, AsyncExitStack() as stack:
        for _ in range(3):
            stream = await stack.enter_async_context(connected(client))
            await stream.send_all(subscribe())
            await Reader(stream).until(b"\r\n\r\n")
        with trio.fail_after(5):
            while client.engine.streams.hub.counts() != {"sse": 3}:
                await trio.lowlevel.checkpoint()


async def test_streams_of_an_address_behind_a_proxy_are_limited(
    database: str, way: dict[str, Any]
) -> None:
    options = {"max_connections_per_address": 2, "trusted_proxies": ("127.0.0.1",), **way}
    async with serving(database, **options) as client, AsyncExitStack() as stack:

        async def ask(address: str) -> Reader:
            stream = await stack.enter_async_context(connected(client))
            await stream.send_all(subscribe(head=f"X-Forwarded-For: {address}\r\n"))
            reader = Reader(stream)
            assert (await reader.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            return reader

        first, _ = [await ask("203.0.113.1") for _ in range(2)]
        await first.events(2)
        refused = await ask("203.0.113.1")
        [pause] = await refused.events(1)
        assert not pause.event
        assert (pause.retry or 0) > 0
        assert (await (await ask("203.0.113.2")).events(2))[1].event == "hello"
        await first.stream.aclose()
        with trio.fail_after(5):
            while client.engine.streams.hub._addresses["203.0.113.1"] > 1:
                await trio.lowlevel.checkpoint()
        assert (await (await ask("203.0.113.1")).events(2))[1].event == "hello"
    assert not client.engine.streams.hub._addresses


async def test_half_of_all_connections_is_the_default_of_an_address(database: str) -> None:
    async with serving(database, max_connections=9) as client:
        assert client.worker is not None
        assert client.worker.admission.per_address == 4


async def test_http2_request_beyond_the_limit_is_answered(database: str) -> None:
    async with full(database, {"over_tls": True}) as client:
        async with speaking(client) as speaker:
            number = await speaker.ask("GET", "/livez")
            assert await speaker.status(number) == "200"
        async with speaking(client) as speaker:
            number = await speaker.ask("GET", "/v1/hunts")
            response = await speaker.wait(h2.events.ResponseReceived, number)
            headers = dict(response.headers or ())
            assert headers[b":status"] == b"503"
            assert int(headers[b"retry-after"]) >= 1
            body = (await speaker.wait(h2.events.DataReceived, number)).data
            assert b"too many connections" in (body or b"")
            await speaker.wait(h2.events.ConnectionTerminated)
        async with speaking(client, window=0) as speaker:
            assert await speaker.status(await speaker.ask("GET", "/v1/hunts")) == "503"


async def test_idle_http2_connection_makes_room(database: str) -> None:
    limit = {"max_connections": 1, "max_connections_per_address": 0, "over_tls": True}
    async with serving(database, **limit) as client, speaking(client) as idle:
        assert await idle.status(await idle.ask("GET", "/livez")) == "200"
        assert client.worker is not None
        [slot] = client.worker.admission._open
        with trio.fail_after(5):
            while slot.holder is None or slot.holder.idle_since() is None:
                await trio.lowlevel.checkpoint()
        async with speaking(client) as speaker:
            assert await speaker.status(await speaker.ask("GET", "/v1/hunts")) == "200"


def test_reserve_fits_into_what_the_limit_leaves() -> None:
    from hunt.connection_limits import RESERVE

    assert admission.BEYOND + admission.OPERATIONS < RESERVE / 2


async def test_parked_stream_is_never_looked_at_to_make_room(database: str) -> None:
    async with serving(database, over_tls=False) as client, connected(client) as stream:
        await stream.send_all(click())
        reader = Reader(stream)
        assert (await reader.answer())[0] == 200
        assert client.worker is not None
        limits = client.worker.admission
        assert len(limits._evictable) == 1
        await stream.send_all(subscribe())
        await reader.until(b"\r\n\r\n")
        assert (limits.count, len(limits._evictable)) == (1, 0)
        [slot] = limits._open
        assert slot.holder is None


async def test_answer_beyond_the_limit_is_not_lost_to_what_follows(
    database: str, way: dict[str, Any]
) -> None:
    async with full(database, way) as client:
        for number in range(5):
            async with connected(client) as stream, trio.open_nursery() as nursery:
                nursery.start_soon(send, stream, click() + b"x" * 2_000_000)
                # The close must not discard the answer, although input is unread.
                await trio.testing.wait_all_tasks_blocked()
                assert (await Reader(stream).answer())[0] == 503, number
                nursery.cancel_scope.cancel()
