"""The cost of clicks, reads and events over HTTP/2, beside HTTP/1.1; both over TLS.

    python -m benchmarks.http2 [--connections 16] [--requests 4000] [--streams 200] [--events 50]

The server is one worker of ``hypercorn``, without a proxy.  Each connection sends
the next request after the answer to the last one.  Each stream has its own connection, and gets
the wins of all players.  CPU is that of the worker, in microseconds for each request or delivery.
"""

from __future__ import annotations

import argparse
import re
import ssl
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from subprocess import DEVNULL
from typing import Protocol
from uuid import uuid4

import h2.config
import h2.connection
import h2.events
import trio

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import database, output, serving
from hunt.bench.figure_table import Columns
from hunt.bench.process_usage import process_table
from tests.support import certificates

COLUMNS: Columns = {
    "kind": ("what", 0),
    "http1": ("HTTP/1.1 us", 0),
    "http2": ("HTTP/2 us", 0),
    "ratio": ("ratio", 2),
}
HUNT = "harbour"
DEMO = Path(__file__).parents[1] / "hunt" / "harbour.toml"
CLICKS = f"/v1/hunts/{HUNT}/clicks"
EVENTS = f"/v1/hunts/{HUNT}/events?scope=all"
READS = ("/", f"/v1/hunts/{HUNT}", f"/v1/hunts/{HUNT}/leaderboard?limit=5")
PROTOCOLS = {"http1": "http/1.1", "http2": "h2"}

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: ([0-9]+)")


class Speaker(Protocol):
    """A connection that sends one request after the other."""

    async def ask(self, method: str, path: str, body: bytes = b"") -> int:
        """Send a request, and return the status of its answer once it has arrived."""

    async def listen(self, path: str, found: Callable[[bytes], None]) -> None:
        """Open an event stream, and hand over its bytes until it is cancelled."""


class Http1:
    """A connection of HTTP/1.1."""

    def __init__(self, stream: trio.abc.Stream, token: str) -> None:
        self._stream = stream
        self._headers = f"Host: localhost\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n"

    async def ask(self, method: str, path: str, body: bytes = b"") -> int:
        """See `Speaker`."""
        await self._send(method, path, body)
        received = b""
        while not (head := received.partition(b"\r\n\r\n"))[1]:
            received += await self._more()
        length = _LENGTH.search(head[0])
        rest = int(length[1]) - len(head[2]) if length else 0
        while rest > 0:
            rest -= len(await self._more())
        return int(received.split(b" ", 2)[1])

    async def listen(self, path: str, found: Callable[[bytes], None]) -> None:
        """See `Speaker`."""
        await self._send("GET", path)
        while True:
            found(await self._more())

    async def _send(self, method: str, path: str, body: bytes = b"") -> None:
        own = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}{own}\r\n"
        await self._stream.send_all(head.encode() + body)

    async def _more(self) -> bytes:
        return await _received(self._stream)


class Http2:
    """A connection of HTTP/2."""

    def __init__(self, stream: trio.abc.Stream, token: str) -> None:
        self._stream = stream
        self._token = token
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(2**30)

    async def ask(self, method: str, path: str, body: bytes = b"") -> int:
        """See `Speaker`."""
        number = await self._send(method, path, body)
        status = 0
        while True:
            for event in await self._events():
                if isinstance(event, h2.events.ResponseReceived):
                    status = int(dict(event.headers)[b":status"])
                elif isinstance(event, h2.events.StreamEnded) and event.stream_id == number:
                    return status

    async def listen(self, path: str, found: Callable[[bytes], None]) -> None:
        """See `Speaker`."""
        await self._send("GET", path)
        while True:
            for event in await self._events():
                if isinstance(event, h2.events.DataReceived):
                    found(event.data)

    async def _send(self, method: str, path: str, body: bytes = b"") -> int:
        number = self._h2.get_next_available_stream_id()
        headers = [
            (":method", method), (":authority", "localhost"), (":scheme", "https"), (":path", path),
            ("authorization", f"Bearer {self._token}"), ("accept", "*/*"),
        ]  # fmt: skip
        if body:
            headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
        self._h2.send_headers(number, headers, end_stream=not body)
        if body:
            self._h2.send_data(number, body, end_stream=True)
        await self._stream.send_all(self._h2.data_to_send())
        return number

    async def _events(self) -> list[h2.events.Event]:
        events = self._h2.receive_data(await _received(self._stream))
        for event in events:
            if isinstance(event, h2.events.DataReceived):
                assert event.stream_id is not None
                self._h2.acknowledge_received_data(
                    event.flow_controlled_length or 0, event.stream_id
                )
        if data := self._h2.data_to_send():
            await self._stream.send_all(data)
        return events


SPEAKERS: dict[str, Callable[[trio.abc.Stream, str], Speaker]] = {"http1": Http1, "http2": Http2}


async def _received(stream: trio.abc.Stream) -> bytes:
    data = await stream.receive_some(2**16)
    if not data:
        raise SystemExit("the server closed a connection")
    return bytes(data)


@asynccontextmanager
async def connected(kind: str, port: int, trust: ssl.SSLContext) -> AsyncIterator[Speaker]:
    """Yield a connection of its own player."""
    [player] = serving.PLAYERS(1)
    stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", port, ssl_context=trust)
    async with stream:
        await stream.do_handshake()
        assert stream.selected_alpn_protocol() == PROTOCOLS[kind], "as offered"
        yield SPEAKERS[kind](stream, player.token)


async def request_cost(
    kind: str,
    port: int,
    pid: int,
    options: argparse.Namespace,
    ask: Callable[[], tuple[str, str, bytes]],
) -> float:
    """Return the worker's CPU seconds for one request."""
    trust = certificates.client(PROTOCOLS[kind])
    used: list[float] = []

    async def loop(count: int, began: trio.Event, *, task_status: trio.TaskStatus[None]) -> None:
        async with connected(kind, port, trust) as speaker:
            await _checked(speaker, *ask())  # the first costs more: its head is not known yet
            task_status.started()
            await began.wait()
            for _ in range(count):
                await _checked(speaker, *ask())

    each = options.requests // options.connections
    began = trio.Event()
    async with trio.open_nursery() as nursery:
        for _ in range(options.connections):
            await nursery.start(loop, each, began)
        used.append(process_table()[pid].cpu)
        began.set()
    used.append(process_table()[pid].cpu)
    requests: int = each * options.connections
    return (used[1] - used[0]) / requests


async def _checked(speaker: Speaker, method: str, path: str, body: bytes) -> None:
    status = await speaker.ask(method, path, body)
    if status != 200:
        raise SystemExit(f"{method} {path}: status {status}")


async def delivery_cost(kind: str, port: int, pid: int, options: argparse.Namespace) -> float:
    """Return the worker's CPU seconds for one event to one stream, clicks included."""
    trust = certificates.client(PROTOCOLS[kind])
    counts: dict[int, int] = {}
    changed = trio.Event()

    async def listen(number: int) -> None:
        nonlocal changed

        def found(data: bytes) -> None:
            nonlocal changed
            counts[number] = counts.get(number, 0) + data.count(b"event: wins")
            changed.set()
            changed = trio.Event()

        async with connected(kind, port, trust) as speaker:
            await speaker.listen(EVENTS, found)

    async def all_have(least: int) -> None:
        with trio.fail_after(60):
            while len(counts) < options.streams or min(counts.values()) < least:
                await changed.wait()

    async with trio.open_nursery() as nursery:
        for number in range(options.streams):
            nursery.start_soon(listen, number)
        await all_have(0)
        async with connected(kind, port, trust) as clicker:
            before, had = process_table()[pid].cpu, sum(counts.values())
            while max(counts.values()) < options.events:
                await _checked(clicker, *click())
                await trio.sleep(0.02)
            await all_have(options.events)
            cost = (process_table()[pid].cpu - before) / (sum(counts.values()) - had)
        nursery.cancel_scope.cancel()
    return cost


def click() -> tuple[str, str, bytes]:
    """Return the request of a new click, at the best place of the demo hunt."""
    return "POST", CLICKS, b'{"id":"%s","x":50.0,"y":50.0}' % str(uuid4()).encode()


@contextmanager
def server() -> Iterator[tuple[int, int]]:
    """Run one worker of ``hypercorn`` with TLS; yield its port and its process id."""
    with (
        tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder,
        database.started(Path(folder)) as base,
        certificates.written() as (certificate, key),
    ):
        port, plain = serving.free_port(), serving.free_port()
        environ = serving.environment({
            "HUNT_DATABASE_URL": base.conninfo, "HUNT_SESSION_RATE": "0",
        })  # fmt: skip
        for prepare in (["migrate"], ["apply", str(DEMO)], ["open", HUNT]):
            subprocess.run([*serving.HUNT, *prepare], env=environ, check=True, stdout=DEVNULL)
        command = [
            sys.executable, "-P", "-m", "hypercorn", "--workers", "0", "--worker-class", "trio",
            "--bind", f"127.0.0.1:{port}", "--insecure-bind", f"127.0.0.1:{plain}",
            "--certfile", certificate, "--keyfile", key, "hunt.asgi:app",
        ]  # fmt: skip
        with serving.server(command, plain, environ) as pid:
            yield port, pid


async def measure(port: int, pid: int, options: argparse.Namespace) -> list[dict[str, object]]:
    """Return the rows of the table."""
    asked: dict[str, Callable[[], tuple[str, str, bytes]]] = {"a click": click}
    for path in READS:
        asked[f"GET {path}"] = partial(lambda path: ("GET", path, b""), path)
    work: dict[str, Callable[[str], Awaitable[float]]] = {
        name: partial(request_cost, port=port, pid=pid, options=options, ask=ask)
        for name, ask in asked.items()
    }
    work["an event, one stream"] = partial(delivery_cost, port=port, pid=pid, options=options)
    rows: list[dict[str, object]] = []
    for name, cost in work.items():
        one, two = [await cost(kind) for kind in PROTOCOLS]
        rows.append({"kind": name, "http1": one * 1e6, "http2": two * 1e6, "ratio": two / one})
    return rows


def arguments() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.http2", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--connections", type=int, default=16, metavar="N")
    parser.add_argument("--requests", type=int, default=4000, metavar="N")
    parser.add_argument("--streams", type=int, default=200, metavar="N")
    parser.add_argument("--events", type=int, default=50, metavar="N", help="to each stream")
    output.options(parser)
    return parser.parse_args()


def main() -> None:
    serving.prepare()
    options = arguments()
    with server() as (port, pid):
        rows = trio.run(measure, port, pid, options)
        output.show("HTTP/2 beside HTTP/1.1", COLUMNS, rows, options)


if __name__ == "__main__":
    main()
