"""Valid requests, cut and changed at any byte: the same process answers afterwards.

The changes are the same at every landing, which is not refused by chance, as far as the
time lets them go.  `HUNT_TEST_FUZZ_SECONDS=3600` plays for an hour, and others each time;
a failure prints the seed and the bytes.
"""

from __future__ import annotations

import os
import random
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

import pytest
import trio
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from tests.edge.hostile import CHUNKED, HOST, LIVEZ
from tests.edge.talking import BINARY, CLOSE, PING, TEXT, frame, handshake, say
from tests.edge.test_park import Reader, click, park_of, subscribe
from tests.web.serving import Client, connected, serving

SECONDS = float(os.environ.get("HUNT_TEST_FUZZ_SECONDS", "10"))
SEED = random.randrange(2**32) if "HUNT_TEST_FUZZ_SECONDS" in os.environ else 0

#: Connections between two looks at the clock.
ROUND = 100

#: Seconds for which what comes is read, at most: a stream never ends by itself.
LISTEN = 0.02

#: What parsers trip over.
TOKENS = [
    b"\r\n", b"\r", b"\n", b"\0", b" ", b":", b"\xff", b"\t", b"0", b"{", b'"', b"?", b"/", b",",
    b"\r\n\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", CHUNKED[:-2],
    b"Connection: close\r\n", b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n",
    b"Expect: 100-continue\r\n", b"Last-Event-ID: k1-0\r\n", b"Origin: null\r\n", HOST,
    b" HTTP/1.0\r\n", b"\x81\x85abcdhello", b"\x88\x80\0\0\0\0", b"\x01\xfe\xff\xff",
    b"5\r\nhello\r\n", "\u00e9".encode(), b"\xed\xa0\x80", b"1e999", b"99999999999999999999",
]  # fmt: skip


class Change(NamedTuple):
    """Of some bytes, at a place in them."""

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


CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(["insert", "replace", "delete", "double", "turn", "flip", "cut"]),
        st.integers(0, 4000),
        st.integers(1, 40),
        st.sampled_from(TOKENS),
    ),
    max_size=4,
)


def requests(client: Client) -> list[bytes]:
    """Return what is sent, before it is changed: valid, each of its kind."""
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


async def spoken(client: Client, data: bytes, cuts: list[int], end: str) -> bytes:
    """Send all of `data` in pieces, end the connection, and return what was said to it."""
    received = b""
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    async with connected(client) as stream:
        with suppress(trio.BrokenResourceError), trio.move_on_after(5):
            for start, stop in zip([0, *places], [*places, len(data)], strict=True):
                await stream.send_all(data[start:stop])
                await trio.lowlevel.checkpoint()
        with suppress(trio.BrokenResourceError, OSError):
            if end == "half":
                await stream.send_eof()
            elif end == "reset":
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return b""
            with trio.move_on_after(LISTEN):
                while more := await stream.receive_some(65536):
                    received += more
    return received


async def attempt(client: Client, data: bytes, cuts: list[int], end: str) -> None:
    """Do it, and see that all is well; what ends a connection of ours is no accident of theirs."""
    received = await spoken(client, data, cuts, end)
    assert b"HTTP/1.1 500" not in received, data
    assert park_of(client).faults["contained"] == 0
    async with connected(client) as stream:
        await stream.send_all(LIVEZ)
        assert (await Reader(stream).answer())[0] == 200


@pytest.mark.usefixtures("unmeasured")
async def test_the_process_outlives_whatever_becomes_of_valid_bytes(database: str) -> None:
    async with serving(database, heartbeat=1.0) as client:
        valid = st.lists(st.sampled_from(requests(client)), min_size=1, max_size=3).map(b"".join)

        def play(number: int) -> None:
            @seed(SEED + number)
            @settings(
                max_examples=ROUND, deadline=None, database=None, print_blob=False,
                suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
            )  # fmt: skip
            @given(
                valid,
                CHANGES,
                st.lists(st.integers(0, 4000), max_size=4),
                st.sampled_from(["half", "reset", "close", "close"]),
            )
            def one(data: bytes, changes: list[Change], cuts: list[int], end: str) -> None:
                for change in changes:
                    data = change.made(data)
                note(f"seed {SEED + number}: {data!r}")
                trio.from_thread.run(attempt, client, data, cuts, end)

            one()

        assert (await client.click()).status_code == 200
        tasks = trio.lowlevel.current_statistics().tasks_living
        files = len(os.listdir("/proc/self/fd"))
        began, number = trio.current_time(), 0
        while trio.current_time() < began + SECONDS:
            await trio.to_thread.run_sync(play, number)
            number += 1
        assert (await client.click()).status_code == 200
        with trio.fail_after(30):
            while (
                trio.lowlevel.current_statistics().tasks_living > tasks + 2  # a lane, a timer
                or len(os.listdir("/proc/self/fd")) > files + 4  # connections to the database
                or any(client.engine.hub.counts().values())  # up to some heartbeats
            ):
                await trio.lowlevel.checkpoint()
