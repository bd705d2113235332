"""Valid requests, cut and changed at any byte, do not end the process.

Each third of the time uses plain TCP, TLS, or frames of HTTP/2.  Normal runs make the same
changes each time, so that none fails by chance.  `HUNT_TEST_FUZZ_SECONDS=3600` runs for an hour,
with different changes each time.  A failure prints the seed and the bytes.
"""

from __future__ import annotations

import os
import random
import socket
import struct
from contextlib import suppress
from typing import Literal, NamedTuple

import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from hunt.edge.tls_connection import TLSConnection
from tests.support.descriptors import own_files
from tests.support.hostile_input import CHUNKED, HOST
from tests.support.raw_http import LIVEZ, Reader, click, subscribe
from tests.support.raw_websocket import BINARY, CLOSE, PING, TEXT, frame, handshake, say
from tests.support.serving import Client, connected, park_of, serving, token

SECONDS = float(os.environ.get("HUNT_TEST_FUZZ_SECONDS", "10"))
SEED = random.randrange(2**32) if "HUNT_TEST_FUZZ_SECONDS" in os.environ else 0

Way = Literal["clear", "tls", "h2"]
WAYS: list[Way] = ["clear", "tls", "h2"]

#: Number of connections between two checks of the clock.
ROUND = 50

#: Maximum time to read an answer, in seconds, because a stream never ends by itself.
LISTEN = 0.02

#: Texts that often break parsers.
TOKENS = [
    b"\r\n", b"\r", b"\n", b"\0", b" ", b":", b"\xff", b"\t", b"0", b"{", b'"', b"?", b"/", b",",
    b"\r\n\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", CHUNKED[:-2],
    b"Connection: close\r\n", b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n",
    b"Expect: 100-continue\r\n", b"Last-Event-ID: k1-0\r\n", b"Origin: null\r\n", HOST,
    b" HTTP/1.0\r\n", b"\x81\x85abcdhello", b"\x88\x80\0\0\0\0", b"\x01\xfe\xff\xff",
    b"5\r\nhello\r\n", "\u00e9".encode(), b"\xed\xa0\x80", b"1e999", b"99999999999999999999",
]  # fmt: skip


def framed(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """Return a frame of HTTP/2 (RFC 9113, 4.1)."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


#: Unusual frames of HTTP/2.
FRAMES = [
    framed(0, flags=1, stream=1), framed(0, b"\xff", flags=8, stream=1), framed(0, b"hello"),
    framed(1, b"\x82\x84\x86\x41", flags=5, stream=7), framed(1, b"\xff" * 5, flags=4, stream=11),
    framed(2, b"\0\0\0\1\0", stream=1), framed(3, b"\0\0\0\x08", stream=1), framed(4),
    framed(4, b"\0\4\xff\xff\xff\xff"), framed(4, b"\0\5\0\0\0\1"), framed(6, b"hunthunt"),
    framed(7, bytes(8)), framed(8, bytes(4)), framed(8, b"\x7f\xff\xff\xff", stream=1),
    framed(9, b"aaaa", flags=4, stream=1), framed(99, b"?"), b"\xff\xff\xff\0\0\0\0\0\1", b"\0",
]  # fmt: skip


class Change(NamedTuple):
    """A change of some bytes at one position."""

    kind: str
    at: int
    size: int
    token: bytes

    def made(self, data: bytes) -> bytes:
        at = self.at % (len(data) + 1)
        head, body, tail = data[:at], data[at : at + self.size], data[at + self.size :]
        return {
            "insert": head + self.token + data[at:],
            "replace": head + self.token + tail,
            "delete": head + tail,
            "double": head + body + body + tail,
            "turn": head + body[::-1] + tail,
            "flip": head + bytes(each ^ 0x80 for each in body) + tail,
            "cut": head,
        }[self.kind]


def changes_of(tokens: list[bytes]) -> st.SearchStrategy[list[Change]]:
    return st.lists(
        st.builds(
            Change,
            st.sampled_from(["insert", "replace", "delete", "double", "turn", "flip", "cut"]),
            st.integers(0, 4000),
            st.integers(1, 40),
            st.sampled_from(tokens),
        ),
        max_size=4,
    )


def requests(client: Client) -> list[bytes]:
    """Return the unchanged requests: valid, one of each kind."""
    plain = click()
    return [
        plain,
        click("bob", head="X-Request-Id: mine\r\n"),
        plain.replace(b"HTTP/1.1", b"HTTP/1.0"),
        subscribe(),
        subscribe(query="?scope=all&last_event_id=k1-1"),
        subscribe().replace(b"HTTP/1.1", b"HTTP/1.0"),
        LIVEZ,
        b"GET /v1/hunts/harbour HTTP/1.0\r\n\r\n",
        b"POST /v1/session HTTP/1.1\r\n" + HOST + CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        b"POST /v1/tickets HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}",
        handshake(client),
        handshake(client) + say(ping=1) + frame(PING, b"x") + frame(CLOSE),
        handshake(client)
        + say(click={"id": "00000000-0000-4000-8000-000000000001", "x": 1, "y": 2})
        + frame(TEXT, b'{"pi', fin=False)
        + frame(PING)
        + frame(0, b'ng":2}'),
        handshake(client, player="bob") + frame(BINARY, b"x" * 200),
    ]


def conversations() -> list[bytes]:
    """Return the same requests as frames of HTTP/2, each with a preface."""
    common = [(":scheme", "https"), (":authority", "hunt"), ("authorization", f"Bearer {token()}")]
    body = b'{"id":"00000000-0000-4000-8000-000000000002","x":1,"y":2}'
    posted = [("content-type", "application/json"), ("content-length", str(len(body)))]
    hunt = "/v1/hunts/harbour"
    made = []
    for order in ("click", "get", "events", "connect", "mixed"):
        peer = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        peer.initiate_connection()
        if order in {"click", "mixed"}:
            head = [(":method", "POST"), (":path", f"{hunt}/clicks"), *common, *posted]
            peer.send_headers(1, head)
            peer.send_data(1, body[:10])
            peer.ping(b"hunthunt")
            peer.send_data(1, body[10:], end_stream=True)
        if order in {"get", "mixed"}:
            for stream in (3, 5):
                head = [(":method", "GET"), (":path", hunt), *common]
                peer.send_headers(stream, head, end_stream=True)
        if order in {"events", "mixed"}:
            head = [(":method", "GET"), (":path", f"{hunt}/events"), *common]
            peer.send_headers(7, head, end_stream=True)
            peer.increment_flow_control_window(1000, 7)
            peer.reset_stream(7)
        if order == "connect":
            peer.send_headers(9, [(":method", "CONNECT"), (":authority", "hunt:1")])
            peer.send_data(9, b"tunnel", end_stream=True)
        made.append(peer.data_to_send())
    return made


async def spoken(client: Client, way: Way, data: bytes, cuts: list[int], end: str) -> bytes:
    """Send all of `data` in pieces, end the connection, and return the answer."""
    received = b""
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    async with connected(client, alpn=way if way == "h2" else None) as stream:
        below: trio.SocketStream = getattr(stream, "transport_stream", stream)
        with suppress(trio.BrokenResourceError), trio.move_on_after(5):
            for start, stop in zip([0, *places], [*places, len(data)], strict=True):
                await stream.send_all(data[start:stop])
                await trio.lowlevel.checkpoint()
        with suppress(trio.BrokenResourceError, OSError):
            if end == "half":
                await below.send_eof()
            elif end == "reset":
                below.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return b""
            with trio.move_on_after(LISTEN):
                while more := await stream.receive_some(65536):
                    received += more
    return received


async def attempt(client: Client, way: Way, data: bytes, cuts: list[int], end: str) -> None:
    """Send bytes over a new connection, and check that the server still works."""
    received = await spoken(client, way, data, cuts, end)
    assert b"HTTP/1.1 500" not in received, data
    assert park_of(client).faults["contained"] == 0
    async with connected(client) as stream:
        await stream.send_all(LIVEZ)
        assert (await Reader(stream).answer())[0] == 200


# Hypothesis generates in a thread; the server draws its jitter meanwhile, in this one.
@pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("way", WAYS)
async def test_changed_requests_do_not_end_the_process(
    database: str, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[Exception] = []
    serve = TLSConnection.serve

    async def observed(self: TLSConnection, received: bytes) -> bytes | None:
        try:
            return await serve(self, received)
        except Exception as exc:
            failed.append(exc)
            raise

    monkeypatch.setattr(TLSConnection, "serve", observed)
    async with serving(database, heartbeat=1.0, over_tls=way != "clear") as client:
        changing = changes_of(FRAMES if way == "h2" else TOKENS)
        if way == "h2":
            valid = st.sampled_from(conversations())
        else:
            asked = st.sampled_from(requests(client))
            valid = st.lists(asked, min_size=1, max_size=3).map(b"".join)

        def play(number: int) -> None:
            @seed(SEED + number)
            @settings(
                max_examples=ROUND, deadline=None, database=None, print_blob=False,
                suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
            )  # fmt: skip
            @given(
                valid,
                changing,
                st.lists(st.integers(0, 4000), max_size=4),
                st.sampled_from(["half", "reset", "close", "close"]),
            )
            def one(data: bytes, changes: list[Change], cuts: list[int], end: str) -> None:
                for change in changes:
                    data = change.made(data)
                note(f"seed {SEED + number}: {data!r}")
                trio.from_thread.run(attempt, client, way, data, cuts, end)
                assert not failed, data

            one()

        assert (await client.click()).status_code == 200
        tasks = trio.lowlevel.current_statistics().tasks_living
        files = own_files(client)
        began, number = trio.current_time(), 0
        while trio.current_time() < began + SECONDS / len(WAYS):
            await trio.to_thread.run_sync(play, number)
            number += 1
        assert (await client.click()).status_code == 200
        with trio.fail_after(30):
            while (
                trio.lowlevel.current_statistics().tasks_living > tasks + 2  # a lane, a timer
                or own_files(client) > files
                or any(client.engine.streams.hub.counts().values())  # up to some heartbeats
            ):
                await trio.lowlevel.checkpoint()
