"""What nobody sends by mistake: the same process answers afterwards, and nothing is left over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trio

from tests.edge.test_park import Reader, click, connected, subscribe
from tests.web.serving import serving

HOST = b"Host: hunt\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
H2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def corpus() -> Iterator[bytes]:
    """Yield some two hundred hostile inputs."""
    targets = (b"/", b"/v1/hunts/harbour/clicks", b"/v1/hunts/harbour/events", b"/livez", b"*")
    # Request lines.
    for target in targets:
        for line in (
            b"GET %b",
            b"GET %b HTTP/1.1",
            b"GET %b HTTP/9.9\r\n\r\n",
            b"GET %b HTTP/1.1\n\n",
            b"GET  %b HTTP/1.1\r\n\r\n",
            b"\x00GET %b HTTP/1.1\r\n\r\n",
            b"G\xc3T %b HTTP/1.1\r\n\r\n",
            b"POST %b HTTP/1.1\r\n\r\n",
            b"%b",
            b"GET %b\x00 HTTP/1.1\r\n\r\n",
            b"GET %b HTTP/1.0\r\n\r\n",
            b"CONNECT %b HTTP/1.1\r\nHost: x\r\n\r\n",
            b"TRACE %b HTTP/1.1\r\nHost: x\r\n\r\n",
        ):
            yield line % target
    # Heads.
    for target in targets[:4]:
        for head in (
            b"",
            b"Host: a\r\nHost: b\r\n",
            b"Host\r\n",
            b": x\r\n",
            b"Host : x\r\n",
            b" Host: x\r\n",
            HOST + b"X: a\r\n b\r\n",
            HOST + b"X: \x00\r\n",
            HOST + b"X: \xff\xfe\r\n",
            HOST + b"X\x7f: a\r\n",
            HOST + b"Content-Length: -1\r\n",
            HOST + b"Content-Length: 1e3\r\n",
            HOST + b"Content-Length: 99999999999999999999\r\n",
            HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n",
            HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            HOST + b"Transfer-Encoding: gzip\r\n",
            HOST + b"Transfer-Encoding: chunked, chunked\r\n",
            HOST + b"Expect: 200-maybe\r\n",
            HOST + b"X: " + b"x" * 20_000 + b"\r\n",
            HOST + b"X: y\r\n" * 3000,
            HOST + b"Cookie: hunt_player=" + b"a." * 4000 + b"\r\n",
            HOST + b"Authorization: Bearer " + b"." * 7000 + b"\r\n",
            HOST + b"Last-Event-ID: " + b"9" * 5000 + b"\r\n",
            HOST + b"Range: bytes=0-,0-,0-\r\n",
            HOST + b"X-Request-Id: \r\n",
            HOST + b"Origin: http://[::1\r\n",
            HOST + b"Host: [::1\r\n",
        ):
            yield b"POST %b HTTP/1.1\r\n%b\r\nabcde" % (target, head)
    # Bodies.
    for body in (
        b"\x00" * 100,
        b"[" * 4000,
        b"{" * 69,
        b'{"id":' * 500,
        b"\xff" * 69,
        b"NaN",
        b"1" * 4096,
    ):
        yield click().partition(b"Content-Length")[0] + b"Content-Length: %d\r\n\r\n%b" % (
            len(body),
            body,
        )
        yield (
            b"POST /v1/hunts/harbour/clicks HTTP/1.1\r\n"
            + HOST
            + (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(body), body))
        )
    for size in (
        b"zz",
        b"-1",
        b"fffffffffffffffff",
        b"5;a=" + b"b" * 9000,
        b" 5",
        b"5 ",
        b"0x5",
        b"",
    ):
        yield (
            b"POST /v1/session HTTP/1.1\r\n"
            + HOST
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + size
            + b"\r\nabcde"
        )
    # Upgrades.
    for settings in (b"AAAA", b"", b"\xff", b"AAMAAABkAAQAAP__", b"AAUAAAAA", b"A" * 9000):
        yield (
            b"GET / HTTP/1.1\r\n"
            + HOST
            + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: " + settings + b"\r\n\r\n"
        )
    for frames in (
        b"",
        b"\x00" * 9,
        b"\xff" * 30,
        b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 50,
        b"\x00\xff\xff\x01\x05\x00\x00\x00\x01" + b"\x82" * 500,
        b"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08" * 200,
    ):
        yield H2 + frames
    for extension in (
        b"permessage-deflate; server_max_window_bits=zz",
        b"permessage-deflate",
        b"x; " * 500,
        b"\xff",
    ):
        for frame in (
            b"",
            b"\x81\x05hello",
            b"\xff\xff\xff",
            b"\x88\x80\x00\x00\x00\x00",
            b"\x89\xfe\xff\xff" + b"x" * 50,
        ):
            for path in (b"/", b"/v1/hunts/harbour/events"):
                yield (
                    b"GET "
                    + path
                    + b" HTTP/1.1\r\n"
                    + HOST
                    + UPGRADE
                    + KEY
                    + b"Sec-WebSocket-Extensions: "
                    + extension
                    + b"\r\n\r\n"
                    + frame
                )
    # Not HTTP at all.
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
    yield b"\r\n" * 5000
    yield bytes(range(256)) * 50
    yield b"GET /" + b"a" * 10_000_000 + b" HTTP/1.1\r\n\r\n"
    # Plain ones, at the wrong moment.
    yield click()[:-1]
    yield click() * 300
    yield subscribe() + click()
    yield subscribe() * 20
    yield subscribe() + b"\xff" * 100_000
    yield subscribe(query="?last_event_id=" + "9" * 300)
    yield subscribe(head="Last-Event-ID: k1-99999999999999999999999\r\n")


@pytest.mark.parametrize("lane", [True, False], ids=["fast-lane", "quart"])
async def test_the_process_outlives_every_hostile_input(database: str, lane: bool) -> None:
    inputs = list(corpus())
    assert len(inputs) >= 200
    async with serving(database, fast_lane=lane, heartbeat=1.0) as client:
        assert (await client.click()).status_code == 200
        tasks = trio.lowlevel.current_statistics().tasks_living
        files = len(os.listdir("/proc/self/fd"))
        for number, data in enumerate(inputs):
            async with connected(client) as stream:
                # It may be refused before all of it was sent.
                with trio.move_on_after(5), suppress(trio.BrokenResourceError):
                    await stream.send_all(data)
            async with connected(client) as stream:
                await stream.send_all(b"GET /livez HTTP/1.1\r\nHost: hunt\r\n\r\n")
                status, _, _ = await Reader(stream).answer()
                assert status == 200, f"after input {number}: {data[:200]!r}"
        assert (await client.click()).status_code == 200
        with trio.fail_after(30):
            while (
                trio.lowlevel.current_statistics().tasks_living > tasks + 2  # a lane, a timer
                or len(os.listdir("/proc/self/fd")) > files + 4  # connections to the database
            ):
                await trio.lowlevel.checkpoint()
        assert client.engine.hub.counts().get("sse", 0) == 0


@pytest.mark.parametrize("lane", [True, False], ids=["fast-lane", "quart"])
async def test_an_upgrade_to_h2c_is_answered_as_if_it_had_not_been_asked_for(
    database: str, lane: bool
) -> None:
    asked = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    asked += b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    async with serving(database, fast_lane=lane) as client, connected(client) as stream:
        await stream.send_all(b"GET /livez HTTP/1.1\r\n" + HOST + asked + b"\r\n")
        status, headers, body = await Reader(stream).answer()
        assert (status, headers["content-type"]) == (200, "application/json")
        assert body == b'{"alive":true}'
