"""Requests of the fast lane over HTTP/2: served without Hypercorn's streams, within its limits."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import LiteralString

import h2.events
import pytest
import trio
import trio.testing

from hunt.core.sse import HEARTBEAT
from hunt.edge import transcoding
from hunt.edge.http2 import HTTP2
from hunt.store.driver.pool import open_pool
from tests.support.raw_http2 import Speaker, speaking
from tests.support.serving import serving, token

CLICKS = "/v1/hunts/harbour/clicks"
EVENTS = "/v1/hunts/harbour/events"
READS = ("/", "/v1/hunts/harbour", "/v1/hunts/harbour/rewards", "/livez", "/static/lib/hunt.js")
JSON = ("content-type", "application/json")


@pytest.fixture
def not_hypercorn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def reached(*args: object) -> None:
        raise AssertionError("the request was handed to Hypercorn")

    monkeypatch.setattr(HTTP2, "_create_stream", reached)


async def send_click(speaker: Speaker, *more: tuple[str, str]) -> int:
    """Send a click; return its stream."""
    body = b'{"id":"%s","x":1,"y":2}' % str(uuid.uuid4()).encode()
    length = ("content-length", str(len(body)))
    number = await speaker.ask("POST", CLICKS, JSON, length, *more, end=False)
    speaker.h2.send_data(number, body, end_stream=True)
    await speaker.flush()
    return number


@asynccontextmanager
async def held(database: str, statement: LiteralString) -> AsyncIterator[None]:
    """Hold the locks of a statement within the block."""
    async with (
        open_pool(database, size=1) as pool,
        pool.connection() as conn,
        conn.transaction(),
    ):
        await conn.execute(statement)
        yield


#: Lets no click be settled.
NO_COMMITS = "select from hunts for update"

#: Lets no history be read.
NO_HISTORY = "lock table rewards in access exclusive mode"


@pytest.mark.usefixtures("not_hypercorn")
async def test_clicks_reads_and_streams_do_not_reach_hypercorn(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        stream = await speaker.ask("GET", EVENTS)
        assert await speaker.status(stream) == "200"
        assert await speaker.status(await send_click(speaker)) == "200"
        for path in (
            "/",
            "/v1/hunts/harbour",
            "/v1/hunts/harbour/rewards",
            "/livez",
            "/static/lib/hunt.js",
        ):
            for method in ("GET", "HEAD"):
                assert await speaker.status(await speaker.ask(method, path)) == "200", path
        data = (await speaker.wait(h2.events.DataReceived, stream)).data
        assert b"event: hello" in data


@pytest.mark.usefixtures("not_hypercorn")
async def test_the_fields_of_browsers_are_understood(database: str) -> None:
    cookie = (("cookie", "theme=dark"), ("cookie", f"hunt_player={token('bob')}"))
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        number = await speaker.ask(
            "GET", "/v1/hunts/harbour/rewards", ("te", "trailers"), ("priority", "u=1"), *cookie
        )
        assert await speaker.status(number) == "200"


async def test_other_requests_reach_hypercorn(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        number = await send_click(speaker, ("expect", "100-continue"))
        assert await speaker.status(number) in {"100", "200"}
        assert await speaker.status(await speaker.ask("DELETE", "/v1/hunts/harbour")) == "405"


@pytest.mark.parametrize(
    ("fields", "head"),
    [
        ([(b":method", b"GET"), (b":path", b"/livez"), (b":authority", b"h"), (b"te", b"trailers")],
         b"GET /livez HTTP/1.1\r\nhost: h\r\n\r\n"),
        ([(b":method", b"GET"), (b":path", b"/"), (b"cookie", b"a=1"), (b"cookie", b"b=2")],
         b"GET / HTTP/1.1\r\ncookie: a=1; b=2\r\n\r\n"),
        ([(b":method", b"GET"), (b":path", b"/"), (b"x", b"1\r\nauthorization: Bearer x")], None),
        ([(b":method", b"GET"), (b":path", b"/ HTTP/1.1\nx: y")], None),
        ([(b":method", b"GET"), (b":authority", b"hunt")], None),
    ],
)  # fmt: skip
def test_a_head_becomes_one_of_http1(fields: list[tuple[bytes, bytes]], head: bytes | None) -> None:
    assert transcoding.request_head(fields) == head


def test_an_answer_of_http1_loses_the_headers_of_its_connection() -> None:
    own = b"connection: close\r\ntransfer-encoding: chunked\r\n"
    data = b"HTTP/1.1 200 \r\na: b: c\r\n%b\r\nx\r\n\r\n" % own
    assert transcoding.response(data) == ([(b":status", b"200"), (b"a", b"b: c")], b"x\r\n\r\n")


async def test_a_reset_click_counts_and_harms_no_other(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        async with held(database, NO_COMMITS):
            first, second = await send_click(speaker), await send_click(speaker)
            assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
            speaker.h2.reset_stream(first)
            await speaker.flush()
            assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
        assert await speaker.status(second) == "200"
        assert (await client.click()).json()["seq"] == 3


async def test_an_error_of_an_answer_ends_its_connection_only(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(data: bytes) -> None:
        raise RuntimeError(data)

    async with serving(database, over_tls=True) as client:
        async with speaking(client) as speaker:
            async with held(database, NO_COMMITS):
                await send_click(speaker)
                assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
                monkeypatch.setattr("hunt.edge.transcoding.response", fail)
            with trio.fail_after(5):
                while await speaker.stream.receive_some(65536):
                    pass
        assert client.worker is not None
        with trio.fail_after(5):
            while client.worker.faults["contained"] != 1:
                await trio.lowlevel.checkpoint()
        monkeypatch.undo()
        assert (await client.click()).status_code == 200


async def test_a_large_body_waits_for_the_window(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client, window=1000) as speaker:
        number = await speaker.ask("GET", "/static/lib/hunt.js")
        assert await speaker.status(number) == "200"
        received = (await speaker.wait(h2.events.DataReceived, number)).data
        assert len(received) == 1000
        assert await speaker.status(await speaker.ask("GET", "/v1/hunts/harbour")) == "200"
        speaker.h2.increment_flow_control_window(10**6, number)
        await speaker.flush()
        whole = (await client.get("/static/lib/hunt.js", headers={"Accept-Encoding": ""})).content
        while len(received) < len(whole):
            received += (await speaker.wait(h2.events.DataReceived, number)).data
        assert received == whole
        await speaker.wait(h2.events.StreamEnded, number)


async def test_priorities_of_served_streams_are_not_kept(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []

    async def update(self: HTTP2, event: h2.events.PriorityUpdated) -> None:
        kept.append(event.stream_id)

    monkeypatch.setattr(HTTP2, "_priority_updated", update)
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        for _ in range(3):
            number = await speaker.ask("GET", "/livez")
            assert await speaker.status(number) == "200"
            speaker.h2.prioritize(number, weight=9)
        assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
        assert kept == []


async def connection_ends(speaker: Speaker) -> None:
    with trio.fail_after(5):
        while await speaker.stream.receive_some(65536):
            pass


async def test_an_open_stream_keeps_its_connection(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.edge.connection.IDLE_TIMEOUT", 0.2)
    options = {"over_tls": True, "heartbeat": 0.1}
    async with serving(database, **options) as client, speaking(client) as speaker:
        number = await speaker.ask("GET", EVENTS)
        assert await speaker.status(number) == "200"
        heartbeats = 0
        while heartbeats < 6:  # over more than two limits
            heartbeats += (await speaker.wait(h2.events.DataReceived, number)).data == HEARTBEAT
        speaker.h2.reset_stream(number)
        await speaker.flush()
        await connection_ends(speaker)


async def test_requests_keep_their_connection(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.edge.connection.IDLE_TIMEOUT", 1.0)
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        began = trio.current_time()
        while trio.current_time() < began + 2.5:
            assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"


async def test_an_incomplete_click_does_not_keep_its_connection(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.edge.connection.IDLE_TIMEOUT", 0.2)
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        await speaker.ask("POST", CLICKS, JSON, ("content-length", "50"), end=False)
        await connection_ends(speaker)


async def test_a_read_in_flight_is_answered_before_the_connection_ends(database: str) -> None:
    async with serving(database, over_tls=True, graceful=10) as client, speaking(client) as speaker:
        async with held(database, NO_HISTORY):
            number = await speaker.ask("GET", "/v1/hunts/harbour/rewards")
            assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
            assert client.worker is not None
            client.worker.cancel_reads()
            await trio.testing.wait_all_tasks_blocked()
        assert await speaker.status(number) == "200"
        await speaker.wait(h2.events.ConnectionTerminated)
        await connection_ends(speaker)


async def test_streams_end_with_their_connection(database: str) -> None:
    async with serving(database, over_tls=True) as client:
        async with speaking(client) as speaker:
            assert await speaker.status(await speaker.ask("GET", EVENTS)) == "200"
            assert client.engine.streams.hub.counts() == {"sse": 1}
        with trio.fail_after(5):
            while client.engine.streams.hub.counts() != {"sse": 0}:
                await trio.lowlevel.checkpoint()


async def test_connection_with_a_click_in_flight_is_not_idle(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        assert client.worker is not None
        [holder] = (slot.holder for slot in client.worker.admission._open)
        assert holder is not None
        assert holder.idle_since() is not None
        async with held(database, NO_COMMITS):
            number = await send_click(speaker)
            assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
            assert holder.idle_since() is None
        assert await speaker.status(number) == "200"
        assert holder.idle_since() is not None
