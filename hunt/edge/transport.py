"""The socket of a connection, below all protocols: its two addresses."""

from __future__ import annotations

import socket

import trio

from hunt.core.addresses import UNIX
from hunt.processes.listening import name_of


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
