"""A client's socket, below all protocols: its options, and its two addresses."""

from __future__ import annotations

import socket
from contextlib import suppress

import trio

from hunt.core.addresses import UNIX
from hunt.processes.listening import name_of, tune


def configure(stream: trio.abc.Stream) -> None:
    """Set the options of a client's socket, where it is one of TCP."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    assert isinstance(transport, trio.SocketStream)
    if transport.socket.family == socket.AF_UNIX:
        return
    with suppress(OSError):  # the client has gone already, which the first read will find
        tune(transport.socket)


def local(sock: trio.socket.SocketType) -> str | None:
    """Return the address that the client has connected to."""
    try:
        return name_of(sock)
    except OSError:
        return None  # it has left


def host(sock: trio.socket.SocketType) -> str:
    """Return the address of the other end; of one that has left already, nobody's."""
    if sock.family == socket.AF_UNIX:
        return UNIX
    try:
        name: str = sock.getpeername()[0]
    except OSError:
        return ""
    return name
