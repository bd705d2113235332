"""Defects of Hypercorn and Quart-Trio, repaired in real processes of both kinds.

`docs/reference/traps.md` names the traps, and the tests that are not here.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trio

from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support import certificates, hostile_input
from tests.support.hostile_input import corpus, leave, send
from tests.support.processes import (
    HUNT,
    HYPERCORN,
    Server,
    end,
    environment,
    free_port,
    server_pids,
)
from tests.support.raw_http import LIVEZ, Reader, click, subscribe
from tests.support.serving import HARBOUR, SECRET, bearer

KINDS = ("hunt serve", "hypercorn", "hypercorn over TLS")

#: Descriptors of each process, and those that remain for clients.
FILES = 256
CONNECTIONS = FILES - 64


@dataclass
class Trapped:
    """A server of one process, started once for all tests."""

    server: Server
    pid: int  #: of the process that serves
    log: Path
    tls: ssl.SSLContext | None

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.server.url)
        return url.host, url.port or 0

    @asynccontextmanager
    async def connected(self, *, receive: int | None = None) -> AsyncIterator[trio.SocketStream]:
        sock = trio.socket.socket()
        if receive is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        await sock.connect(self.address)
        async with trio.SocketStream(sock) as stream:
            if self.tls is None:
                yield stream
                return
            secure = trio.SSLStream(
                stream, self.tls, server_hostname=self.address[0], https_compatible=True
            )
            async with secure:
                yield secure  # type: ignore[misc]  # as much as the tests ask of it

    async def check(self, said: object = "") -> None:
        """Check that the same process still serves."""
        async with self.connected() as stream:
            await stream.send_all(LIVEZ)
            try:
                assert (await Reader(stream).answer())[0] == 200, said
            except (EOFError, trio.BrokenResourceError) as exc:
                raise AssertionError(f"no answer after {said!r}: {self.log.read_text()}") from exc
        assert server_pids(self.server) == [self.pid], said

    def files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    async def own_files(self) -> int:
        """Return its descriptors, without those of its pool and of this request."""
        async with httpx.AsyncClient(verify=False, timeout=30) as client:
            text = (await client.get(f"{self.server.url}/metrics")).text
        states = [line for line in text.splitlines() if line.startswith("hunt_pool_connections{")]
        pooled = sum(float(line.rpartition(" ")[2]) for line in states if "connecting" not in line)
        return self.files() - int(pooled)

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text("utf-8").split()[1]) * 4096


@contextmanager
def started(
    kind: str, database: str, folder: Path, extra: Mapping[str, str] | None = None
) -> Iterator[Trapped]:
    port, log = free_port(), folder / "log"
    environ = {
        "HUNT_DATABASE_URL": database,
        "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_GUESTS": "true",
        "HUNT_HEARTBEAT": "1",
        **(extra or {}),
    }
    with ExitStack() as stack:
        tls = None
        if kind == "hunt serve":
            command = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--processes", "1"]
            command += ["--data-dir", str(folder / "data")]
        else:
            command = [*HYPERCORN, "-w", "1", "-b", f"127.0.0.1:{port}"]
            if kind == "hypercorn over TLS":
                certificate, key = stack.enter_context(certificates.written())
                command += ["--certfile", certificate, "--keyfile", key]
                tls = certificates.client()
            command += ["hunt.asgi:app"]
        scheme = "http" if tls is None else "https"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["prlimit", f"--nofile={FILES}", *command],
                env=environment(environ), stdout=output, stderr=output, process_group=0,
            )  # fmt: skip
        server = Server(process, f"{scheme}://127.0.0.1:{port}")
        try:
            wait_ready(server, tls)
            [pid] = server_pids(server)
            yield Trapped(server, pid, log, tls)
        finally:
            end(process)


def wait_ready(server: Server, tls: ssl.SSLContext | None) -> None:
    last = time.monotonic() + 30
    with httpx.Client(verify=tls or True, timeout=30) as client:
        while True:
            assert server.process.poll() is None, "the server ended at its start"
            assert time.monotonic() < last, "the server is not ready"
            with suppress(httpx.TransportError):
                if client.get(f"{server.url}/readyz").status_code == 200:
                    return
            time.sleep(0.02)  # requests without a pause would take a core from the server


@pytest.fixture(scope="module")
def both(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Trapped]]:
    """Run a server of each kind, on one database."""
    trio.run(apply_harbour, shared_database)
    with ExitStack() as stack:
        yield {
            kind: stack.enter_context(
                started(kind, shared_database, tmp_path_factory.mktemp("traps"))
            )
            for kind in KINDS
        }


async def apply_harbour(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        await hunts.apply(HARBOUR, seed=os.urandom(32), actor="test")
        await hunts.open("harbour")


@pytest.fixture(params=KINDS)
def trapped(both: dict[str, Trapped], request: pytest.FixtureRequest) -> Trapped:
    kind: str = request.param
    return both[kind]


def frozen(pid: int) -> ExitStack:
    """Stop a process (SIGSTOP) for the block."""
    stack = ExitStack()
    os.kill(pid, signal.SIGSTOP)
    stack.callback(os.kill, pid, signal.SIGCONT)
    return stack


async def test_h1_no_exception_of_a_connection_ends_the_process(trapped: Trapped) -> None:
    for given in hostile_input.HOSTILE:
        [data] = given.values
        assert isinstance(data, bytes)
        async with trapped.connected() as stream:
            await send(stream, data)
            await leave(stream, 0)
        await trapped.check(data)


async def test_process_survives_hostile_input_and_releases_its_memory(
    trapped: Trapped,
) -> None:
    inputs = list(corpus())
    await trapped.check()
    files = await trapped.own_files()
    memory = 0
    for round_ in range(2):
        for number, data in enumerate(inputs):
            async with trapped.connected() as stream:
                await send(stream, data)
                await leave(stream, number + round_)
            await trapped.check(data[:200])
        if not memory:
            memory = trapped.memory()  # caches are full, and the heap as large as it gets
    with trio.fail_after(30):
        while await trapped.own_files() > files:
            await trio.sleep(0.05)
    assert trapped.memory() < memory + (8 << 20)


async def test_input_that_is_not_tls_ends_its_connection_only(both: dict[str, Trapped]) -> None:
    trapped = both["hypercorn over TLS"]
    for number, data in enumerate(list(corpus())[::20]):
        async with await trio.open_tcp_stream(*trapped.address) as stream:
            await send(stream, data)
            await leave(stream, number)
        await trapped.check(data[:200])


async def test_h3_h4_q8_stalled_connections_are_closed_and_silent_streams_are_not(
    both: dict[str, Trapped],
) -> None:
    """All tests with deadlines of some seconds, in parallel."""
    slow = (
        b"POST /v1/hunts/harbour/clicks HTTP/1.1\r\nHost: hunt\r\nX: \xe9\r\n"
        b"Content-Type: application/json\r\nContent-Length: 90\r\n"
        + f"Authorization: {bearer()['Authorization']}\r\n\r\n{{".encode()
    )
    odd = subscribe("bob", head="X: \u00e9\r\n")  # so that Hypercorn and Quart serve it

    async def takes_nothing(trapped: Trapped) -> None:
        async with trapped.connected(receive=4096) as stream:
            with trio.fail_after(30), pytest.raises(trio.BrokenResourceError):
                while True:  # more than all buffers hold, until the server disconnects
                    await stream.send_all(b"GET / HTTP/1.1\r\nHost: hunt\r\n\r\n" * 100)

    async def gives_nothing(trapped: Trapped) -> None:
        async with trapped.connected() as stream:
            await stream.send_all(slow)
            with trio.fail_after(30), suppress(trio.BrokenResourceError):
                while await stream.receive_some(4096):
                    pass

    async def silent(trapped: Trapped, request: bytes) -> None:
        async with trapped.connected() as stream:
            await stream.send_all(request)
            reader = Reader(stream)
            await reader.until(b"\r\n\r\n")
            await reader.events(2)
            for _ in range(12):  # seconds
                assert await reader.chunk() == b": \n\n"

    async with trio.open_nursery() as nursery:
        for trapped in both.values():
            nursery.start_soon(takes_nothing, trapped)
            nursery.start_soon(gives_nothing, trapped)
            nursery.start_soon(silent, trapped, odd)
            nursery.start_soon(silent, trapped, subscribe("carol"))
    for trapped in both.values():
        await trapped.check()


async def test_h5_there_is_no_deflate(trapped: Trapped) -> None:
    for path in ("/", "/v1/hunts/harbour/socket"):
        async with trapped.connected() as stream:
            await stream.send_all(
                f"GET {path} HTTP/1.1\r\nHost: {trapped.address[0]}:{trapped.address[1]}\r\n"
                f"Origin: {trapped.server.url}\r\nAuthorization: {bearer()['Authorization']}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
            )
            status, headers, _ = await Reader(stream).answer()
            assert (status == 101) is (path != "/")
            assert "sec-websocket-extensions" not in headers


async def test_h6_a_burst_of_connects_waits_in_the_backlog(trapped: Trapped) -> None:
    with ExitStack() as stack, frozen(trapped.pid):
        for _ in range(400):
            sock = stack.enter_context(socket.socket())
            sock.settimeout(2)  # with a backlog of 100, a SYN would be lost for a second or more
            sock.connect(trapped.address)
    await trapped.check()


async def test_h9_h11_idle_connections_never_take_all_descriptors(trapped: Trapped) -> None:
    await trapped.check()
    assert f"{CONNECTIONS}" in trapped.log.read_text("utf-8"), "it says so at the start"
    with ExitStack() as stack:
        for _ in range(2 * FILES):
            sock = stack.enter_context(socket.socket())
            sock.connect(trapped.address)
        with trio.fail_after(20):
            async with trapped.connected() as stream:
                await stream.send_all(click())
                assert (await Reader(stream).answer())[0] == 200
        assert trapped.files() < FILES
    with trio.fail_after(20):
        while True:
            with suppress(trio.BrokenResourceError, EOFError):
                async with trapped.connected() as stream:
                    await stream.send_all(click())
                    if (await Reader(stream).answer())[0] == 200:
                        break
    text = trapped.log.read_text("utf-8")
    assert "EMFILE" not in text
    assert "Too many open files" not in text


async def test_h10_q1_the_connections_are_ours_and_end_when_asked_to(trapped: Trapped) -> None:
    async with trapped.connected() as stream:
        await stream.send_all(LIVEZ[:-2] + b"Connection: close\r\n\r\n")
        reader = Reader(stream)
        assert (await reader.answer())[0] == 200
        with pytest.raises(EOFError):
            await reader.more()
    async with trapped.connected() as stream:
        await stream.send_all(
            LIVEZ[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + click()
        )
        reader = Reader(stream)
        assert [(await reader.answer())[0] for _ in range(2)] == [200, 200]


async def test_h2_h8_q3_told_to_end_it_hears_of_it_at_once_and_has_its_time(
    database: str, other_database: str, tmp_path: Path
) -> None:
    """Hypercorn would tell the application last, and Quart would end its tasks after 5 s."""

    async def ends(kind: str, database: str) -> None:
        await apply_harbour(database)
        folder = tmp_path / kind
        folder.mkdir()
        # Longer than the 5.5 s below: on a busy machine a click may take seconds.
        environ = {"HUNT_DRAIN_DELAY": "9"}
        # httpx would not notice that a connection is still usable.
        with started(kind, database, folder, environ) as trapped:
            async with trapped.connected() as stream:
                reader = Reader(stream)
                await stream.send_all(click())
                assert (await reader.answer())[0] == 200
                os.kill(trapped.server.process.pid, signal.SIGTERM)
                told = answered = trio.current_time()
                with suppress(EOFError, trio.BrokenResourceError):
                    while True:
                        await stream.send_all(click())
                        if (await reader.answer())[0] == 200:
                            answered = trio.current_time()
                assert answered - told > 5.5
            with trio.fail_after(30):
                assert await trapped.server.wait() == 0

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ends, KINDS[0], database)
        nursery.start_soon(ends, KINDS[1], other_database)
