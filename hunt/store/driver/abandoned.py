"""Backends that may still work for connections that hunt has closed."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from contextlib import suppress

import psycopg
import trio
from psycopg import pq

OK, ACTIVE = pq.ConnStatus.OK, pq.TransactionStatus.ACTIVE

#: Most sockets that are kept; the oldest ones are closed.
MOST = 64

#: Seconds in which the host of the server must confirm the end of a connection.  After that the
#: network has lost the connection, and its state says nothing about the backend.
CONFIRM = 1.0

#: State of a TCP socket that has sent its end, without a confirmation (``TCP_FIN_WAIT1``).
_UNCONFIRMED = 4

#: Most pieces of an answer that are read and dropped at a time, and their size in bytes.
_PIECES, _PIECE = 16, 65536


class Unfinished(psycopg.OperationalError):
    """The server still works for so many closed connections that it may run no more backends."""


class Abandoned:
    """Backends of one server whose connections were closed while they worked.

    A duplicate of each socket stays open, but is shut down for sending.  The server therefore
    reads the end of the connection after its call, as it would without the duplicate.  The
    server's side is closed when the process of the backend ends, so no query is needed to learn
    that.

    A proxy or a pooler may close its end earlier, and a network may lose the connection.
    Therefore the process ids are kept, too.

    Attributes:
        pids: Process ids of backends that may still work, until a query shows that they do not.
    """

    def __init__(self) -> None:
        self.pids: set[int] = set()
        #: Sockets, and the times at which they were closed for sending, by process id.
        self._sockets: dict[int, tuple[socket.socket, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._sockets)

    def __del__(self) -> None:
        self.close()

    def add(self, pid: int, duplicate: socket.socket | None) -> None:
        """Add the backend of a connection that was closed.

        Args:
            pid: Its process id.
            duplicate: Duplicate of the connection's socket; None if no descriptor was free.
        """
        self.pids.add(pid)
        if duplicate is None:
            return
        with suppress(OSError):  # the server has closed the connection
            duplicate.shutdown(socket.SHUT_WR)
        self._sockets[pid] = duplicate, trio.current_time()
        if self.working() > MOST:
            self._close(next(iter(self._sockets)))

    def working(self) -> int:
        """Close the sockets of backends that have ended; return the number of the others."""
        for pid, (sock, since) in list(self._sockets.items()):
            if _has_ended(sock) or (trio.current_time() > since + CONFIRM and _is_lost(sock)):
                self._close(pid)
        return len(self._sockets)

    def confirm(self, working: Collection[int]) -> None:
        """Forget the backends that a query has not found among those that work."""
        self.pids.intersection_update(working)

    def close(self) -> None:
        """Close all sockets."""
        while self._sockets:
            self._close(next(iter(self._sockets)))

    def _close(self, pid: int) -> None:
        self._sockets.pop(pid)[0].close()


def finish(pgconn: pq.abc.PGconn, abandoned: Abandoned | None) -> None:
    """Close a connection; note its backend in `abandoned` if it may still work."""
    working = pgconn.status == OK and pgconn.transaction_status == ACTIVE
    if abandoned is None or not working:
        pgconn.finish()
        return
    pid, duplicate = pgconn.backend_pid, _duplicate(pgconn.socket)
    pgconn.finish()
    abandoned.add(pid, duplicate)


def _duplicate(fd: int) -> socket.socket | None:
    """Return a duplicate of a socket; None if the process has no descriptor left."""
    try:
        return socket.socket(fileno=os.dup(fd))
    except OSError:
        return None


def _is_lost(sock: socket.socket) -> bool:
    """Return whether the other host has not confirmed the end of a TCP connection."""
    if sock.family == socket.AF_UNIX:
        return False
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _UNCONFIRMED
    except OSError:
        return True


def _has_ended(sock: socket.socket) -> bool:
    """Return whether the other end is closed; drop what it has sent."""
    try:
        for _ in range(_PIECES):
            if not sock.recv(_PIECE, socket.MSG_DONTWAIT):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False
