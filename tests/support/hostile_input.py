"""A corpus of about three hundred hostile inputs, and ways to end a connection."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trio

from tests.support.raw_http import LIVEZ, click, subscribe

HOST = b"Host: hunt\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
NO_PATHS = (b"?", b"?x", b"http:", b"http://[", b"http://[x]/livez", b"//[", b"x", b"%", b"*?")
H2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def corpus() -> Iterator[bytes]:
    """Yield the inputs; runs differ only in click ids."""
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
    for target in targets[:4]:
        yield b"HEAD %b HTTP/1.1\r\nHost: x\r\n\r\n" % target + LIVEZ
        yield b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % target
    for target in NO_PATHS:
        yield b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target
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
            HOST + b"Transfer-Encoding: identity\r\n",
            HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            HOST + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n",
            HOST + b"X: a\nY: b\r\n",
            HOST + b"X: a\rY: b\r\n",
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
        b"5;a\rb",
        b"5\nabcde\r\n0",
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
    # WebSocket at the wrong time.
    for line in (
        b"POST /v1/hunts/harbour/clicks HTTP/1.1\r\n",
        b"GET /v1/hunts/harbour/events HTTP/1.1\r\n",
        b"GET /v1/hunts/harbour/socket HTTP/1.0\r\n",
        b"GET /livez HTTP/1.1\r\nContent-Length: 5\r\n",
        b"HEAD /v1/hunts/harbour/socket HTTP/1.1\r\n",
    ):
        yield line + HOST + UPGRADE + KEY + b"\r\n" + b"\x81\x85abcdhello"
        yield LIVEZ + line + HOST + UPGRADE + b"\r\n" + LIVEZ
        yield line + HOST + UPGRADE + b"Sec-WebSocket-Key: x\r\n\r\n"
        yield line + HOST + b"Upgrade: websocket\r\n\r\n"
    yield b"\x81\x85abcdhello"
    yield click() + b"\x88\x80\x00\x00\x00\x00"
    # Endless repetitions of a header, a byte and a line.
    yield LIVEZ[:-2] + b"X: y\r\n" * 1_000_000 + b"\r\n"
    yield b"\x00" * 1_000_000
    yield b"\r\n" * 100_000 + LIVEZ
    yield LIVEZ * 500
    yield b"GET /" + b"?" * 7000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    yield b"GET /" + b"%00" * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    yield b"GET /" + b"../" * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    yield b"POST /v1/session HTTP/1.1\r\n" + HOST + CHUNKED + b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"
    yield b"POST /v1/session HTTP/1.1\r\n" + HOST + CHUNKED + b"0\r\nX: y\r\n" + b"a" * 70_000
    yield (
        b"POST /v1/session HTTP/1.1\r\n"
        + HOST
        + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    )
    # Not HTTP at all.
    yield hello()
    yield hello("h2")[:-1]
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
    yield b"\r\n" * 5000
    yield bytes(range(256)) * 50
    yield b"GET /" + b"a" * 10_000_000 + b" HTTP/1.1\r\n\r\n"
    # Valid requests at the wrong moment.
    yield click()[:-1]
    yield click() * 300
    yield subscribe() + click()
    yield subscribe() * 20
    yield subscribe() + b"\xff" * 100_000
    yield subscribe(query="?last_event_id=" + "9" * 300)
    yield subscribe(head="Last-Event-ID: k1-99999999999999999999999\r\n")


def hello(*protocols: str) -> bytes:
    """Return a TLS ClientHello."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if protocols:
        context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    began = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="hunt")
    with suppress(ssl.SSLWantReadError):
        began.do_handshake()
    return outgoing.read()


async def send(stream: trio.SocketStream | trio.SSLStream[trio.SocketStream], data: bytes) -> None:
    """Send the bytes, as far as the server reads them; it may refuse before the end."""
    with trio.move_on_after(5), suppress(trio.BrokenResourceError):
        await stream.send_all(data)


async def leave(stream: trio.SocketStream | trio.SSLStream[trio.SocketStream], number: int) -> None:
    """End a connection: by half-close, reset or close, depending on `number`."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    with suppress(trio.BrokenResourceError, OSError):
        if number % 3 == 0:  # a half-close, then read the answer
            await transport.send_eof()
            with trio.move_on_after(0.5):
                while await stream.receive_some(65536):
                    pass
        elif number % 3 == 1:  # a reset
            transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


HOSTILE = [
    pytest.param(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n",
        id="h2c with short settings",
    ),
    pytest.param(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__AAIAAAAF\r\n\r\n",
        id="h2c with a bad value",
    ),
    pytest.param(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=zz\r\n\r\n",
        id="a bad window size",
    ),
    pytest.param(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        b"\x81\x85abcdhello",
        id="a frame with the upgrade",
    ),
]
