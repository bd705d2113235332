"""A TCP proxy that can delay, drop, cut and slice."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

import trio
from psycopg.conninfo import conninfo_to_dict

Connect = Callable[[], Awaitable[trio.SocketStream]]

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


def is_commit(sent: bytes) -> bool:
    """Return whether bytes sent to PostgreSQL execute the prepared statement of a batch."""
    return sent[:1] == b"B" and len(sent) > 200 and b"harbour" in sent


@dataclass
class Loss:
    """The number of answers still to be lost, shared by several proxies."""

    left: int = 0


@dataclass
class _Link:
    """State that both directions of a connection share."""

    commits: bool = False  # the last request was a commit


class Proxy:
    """Forwards connections; every field may be changed while it runs.

    Args:
        connect: Opens a connection to what is behind the proxy.
    """

    def __init__(self, connect: Connect) -> None:
        self.port = 0
        self.accepted = 0  #: connections so far
        self.latency = 0.0  #: seconds, >= 0, by which each piece is delayed, in both directions
        self.slice = 65536  #: bytes, >= 1, in one piece
        self.refuse = False  #: new connections are closed at once
        self.dropped: Literal["requests", "answers"] | None = None  #: not forwarded
        #: Whether the bytes of the client at a port are dropped; see `cut_off`.
        self._cut: Callable[[int], bool] = lambda port: False
        self.loss = Loss()  #: of answers to a commit: they are dropped, and the connection reset
        self._flowing = trio.Event()
        self._flowing.set()
        self._connect = connect
        #: Connections, and the port of each one's client.
        self._open: dict[tuple[trio.SocketStream, trio.SocketStream], int] = {}

    def blackhole(self, swallow: bool) -> None:
        """Drop all bytes; connections stay open."""
        if not swallow:
            self._flowing.set()
        elif self._flowing.is_set():
            self._flowing = trio.Event()

    def reset_all(self) -> None:
        """Reset all connections, both ways."""
        self.cut_off(lambda port: True)
        self.cut_off(lambda port: False)

    def cut_off(self, cut: Callable[[int], bool]) -> None:
        """Reset the connections of clients whose ports satisfy `cut`, from now on."""
        self._cut = cut
        for pair, port in tuple(self._open.items()):
            if cut(port):
                for stream in pair:
                    _reset(stream)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Forward on a free port of this machine, until cancelled."""
        [listener] = await trio.open_tcp_listeners(self.port, host="127.0.0.1", backlog=4096)
        self.port = listener.socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._serve, [listener])
            task_status.started()

    async def _serve(self, client: trio.SocketStream) -> None:
        self.accepted += 1
        try:
            port = client.socket.getpeername()[1]
        except OSError:
            return  # the client has disconnected already
        if self.refuse or self._cut(port):
            _reset(client)
            return
        try:
            # Bytes are dropped from the first one on.
            await self._flowing.wait()
            server = await self._connect()
        except OSError:
            _reset(client)
            return
        pair = (client, server)
        self._open[pair] = port
        try:
            link = _Link()
            async with client, server, trio.open_nursery() as nursery:
                nursery.start_soon(self._forward, client, server, link, False)
                await self._forward(server, client, link, True)
                nursery.cancel_scope.cancel()
        except* _GONE:
            pass
        finally:
            self._open.pop(pair, None)

    async def _forward(
        self, source: trio.SocketStream, sink: trio.SocketStream, link: _Link, answers: bool
    ) -> None:
        try:
            while data := bytes(await source.receive_some(self.slice)):
                if self.dropped == ("answers" if answers else "requests"):
                    continue
                if not answers:
                    link.commits = is_commit(data)
                elif self.loss.left and link.commits:
                    self.loss.left -= 1
                    _reset(sink)
                    _reset(source)
                    return
                if self.latency:
                    await trio.sleep(self.latency)
                await self._flowing.wait()
                await sink.send_all(data)
        except _GONE:
            _reset(sink)  # forwarded unchanged
            return
        with suppress(*_GONE):
            await sink.send_eof()


def _reset(stream: trio.SocketStream) -> None:
    """Close at once, with RST; bytes in flight are lost."""
    with suppress(OSError):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    trio.lowlevel.notify_closing(stream.socket)
    stream.socket.close()


def to_unix(path: str) -> Connect:
    """Return a function that connects to a Unix socket."""
    return partial(trio.open_unix_socket, path)


def to_port(port: int) -> Connect:
    """Return a function that connects to a port of this machine."""
    return partial(trio.open_tcp_stream, "127.0.0.1", port)


def to_database(conninfo: str) -> Connect:
    """Return a function that connects to the server of a connection string."""
    given = conninfo_to_dict(conninfo)
    host, port = str(given.get("host", "127.0.0.1")), str(given.get("port", "5432"))
    if host.startswith("/"):
        return to_unix(f"{host}/.s.PGSQL.{port}")
    return partial(trio.open_tcp_stream, host, int(port))
