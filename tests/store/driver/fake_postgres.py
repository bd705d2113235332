"""A server with enough of PostgreSQL's protocol to answer any statement with any error."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

#: Codes of the requests that come before a session (PostgreSQL, "Message Formats").
SSL, GSS, CANCEL = 80877103, 80877104, 80877102

#: Part of the statement that gives each session its limits; that statement is accepted.
SETUP = "set_config"

#: The answers to the messages of a statement that is accepted, and has no rows.
_ACCEPTED = {
    b"P": (b"1", b""), b"B": (b"2", b""), b"D": (b"n", b""), b"E": (b"C", b"SELECT 0\0"),
    b"S": (b"Z", b"I"),
}  # fmt: skip

PARAMETERS = {
    "server_version": "18.0", "client_encoding": "UTF8", "standard_conforming_strings": "on",
    "integer_datetimes": "on", "DateStyle": "ISO, MDY", "TimeZone": "UTC",
}  # fmt: skip


@dataclass
class FakePostgres:
    """The server's answers, which may change at any time, and a record of requests."""

    conninfo: str = ""
    sqlstate: str = "XX000"  #: of the answer to each statement
    codes: dict[str, str] = field(default_factory=dict)  #: of the answers to some statements
    severity: str = "ERROR"
    prepares: bool = False  #: statements; they fail when they run
    silent: bool = False  #: sends nothing once a session has begun
    hangs_up: bool = False  #: disconnect after the error, like a terminated backend
    sessions: int = 0  #: begun so far
    ended: int = 0  #: of these sessions, by the client
    cancels: int = 0  #: requests to cancel a statement
    statements: list[str] = field(default_factory=list)  #: that were answered with the error

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serve one connection until its end."""
        try:
            await _Session(self, stream).run()
        except (trio.BrokenResourceError, _Ended):
            pass
        finally:
            await trio.aclose_forcefully(stream)


class _Ended(Exception):
    """The client has disconnected, or the server disconnects."""


class _Session:
    def __init__(self, server: FakePostgres, stream: trio.SocketStream) -> None:
        self._server, self._stream = server, stream
        self._buffer = b""

    async def run(self) -> None:
        await self._begin()
        try:
            await self._talk()
        finally:
            self._server.ended += 1

    async def _talk(self) -> None:
        server, queries = self._server, dict[bytes, str]()  # by the name of the statement
        failed = accepted = False
        while True:
            kind, body = await self._message()
            if kind == b"X":
                raise _Ended
            if kind == b"P":
                name, text = body.split(b"\0")[:2]
                queries[name] = text.decode()
                accepted = SETUP in queries[name]
            if accepted:
                if kind in _ACCEPTED:
                    await self._send(*_ACCEPTED[kind])
                accepted = kind != b"S"
            elif server.silent or (failed and kind != b"S"):
                continue
            elif kind == b"P" and server.prepares:
                await self._send(b"1", b"")
            elif kind == b"Q":
                await self._refuse(body[:-1].decode())
                await self._send(b"Z", b"I")
            elif kind in {b"P", b"B"}:
                failed = True
                await self._refuse(queries[body.split(b"\0")[kind == b"B"]])
            elif kind == b"S":
                failed = False
                await self._send(b"Z", b"I")

    async def _begin(self) -> None:
        while True:
            [size] = struct.unpack("!I", await self._read(4))
            body = await self._read(size - 4)
            [code] = struct.unpack("!I", body[:4])
            if code == CANCEL:
                self._server.cancels += 1
                raise _Ended
            if code not in {SSL, GSS}:
                break
            await self._stream.send_all(b"N")
        self._server.sessions += 1
        await self._send(b"R", struct.pack("!I", 0))
        for name, value in PARAMETERS.items():
            await self._send(b"S", f"{name}\0{value}\0".encode())
        await self._send(b"K", struct.pack("!II", 4711, 42))
        await self._send(b"Z", b"I")

    async def _refuse(self, query: str) -> None:
        server = self._server
        server.statements.append(query)
        code = server.codes.get(query, server.sqlstate)
        fields = {"S": server.severity, "V": server.severity, "C": code, "M": "faked"}
        text = b"".join(f"{key}{value}\0".encode() for key, value in fields.items())
        await self._send(b"E", text + b"\0")
        if server.hangs_up:
            raise _Ended

    async def _send(self, kind: bytes, body: bytes) -> None:
        await self._stream.send_all(kind + struct.pack("!I", len(body) + 4) + body)

    async def _message(self) -> tuple[bytes, bytes]:
        head = await self._read(5)
        [size] = struct.unpack("!I", head[1:])
        return head[:1], await self._read(size - 4)

    async def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            chunk = await self._stream.receive_some(65536)
            if not chunk:
                raise _Ended
            self._buffer += chunk
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


@asynccontextmanager
async def fake_postgres() -> AsyncIterator[FakePostgres]:
    """Run a server on a port of its own."""
    server = FakePostgres()
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        server.conninfo = f"host=127.0.0.1 port={port} user=hunt dbname=hunt sslmode=disable"
        nursery.start_soon(trio.serve_listeners, server.serve, [listener])
        yield server
        nursery.cancel_scope.cancel()
