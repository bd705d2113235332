"""The socket of a connection, below all protocols: its options and its two addresses."""

from __future__ import annotations

import socket
from contextlib import suppress

import trio

from hunt.core.addresses import UNIX
from hunt.processes.listening import name_of, tune


def configure(stream: trio.abc.Stream) -> None:
    """Set the options of a client's TCP socket; do nothing for a Unix socket."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    assert isinstance(transport, trio.SocketStream)
    if transport.socket.family == socket.AF_UNIX:
        return
    with suppress(OSError):  # the client has gone, as the first read shows
        tune(transport.socket)


def local(sock: trio.socket.SocketType) -> str | None:
    """Return the local address of a connection; None if the client has gone."""
    try:
        return name_of(sock)
    except OSError:
        return None


def host(sock: trio.socket.SocketType) -> str:
    """Return the client's host; an empty string if the client has gone."""
    if sock.family == socket.AF_UNIX:
        return UNIX
    try:
        name: str = sock.getpeername()[0]
    except OSError:
        return ""
    return name
