"""Listening sockets, opened once and kept for the life of the server.

While a worker is replaced, new connections wait in the socket, so a restart refuses none.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager

import trio

from hunt.errors import HuntError

#: Number of connections that may wait to be accepted.  With Hypercorn's 100, a burst of
#: reconnecting streams loses SYNs, and each lost one delays its client by a second (H6 in
#: docs/reference/traps.md).
BACKLOG = 4096

#: Milliseconds that sent bytes may stay unacknowledged before the kernel closes the
#: connection: a phone that sleeps sends no FIN.
USER_TIMEOUT = 25_000

#: Number of bytes without a place in the network from which on a socket is not writable, as in
#: `trio.SocketStream`; more would only delay what is sent to a slow client.
UNSENT = 16_384

#: Seconds to wait for an address in use.  The workers of a killed server release it a
#: moment after the supervisor's end.
ADDRESS_TIMEOUT = 5.0

_POLL = 0.05  # seconds between two attempts


@asynccontextmanager
async def listening(addresses: Sequence[str]) -> AsyncIterator[list[socket.socket]]:
    """Listen on `addresses`, each ``host:port`` or ``unix:/path``; yield sockets in that order.

    Raises:
        HuntError: An address is in use (after `ADDRESS_TIMEOUT` seconds), or not of this machine.
    """
    deadline = trio.current_time() + ADDRESS_TIMEOUT
    with ExitStack() as stack:
        sockets = []
        for address in addresses:
            while True:
                try:
                    sockets.append(stack.enter_context(_listener(address)))
                    break
                except OSError as exc:
                    if exc.errno != errno.EADDRINUSE or trio.current_time() >= deadline:
                        raise HuntError(f"cannot listen on {address}: {exc.strerror}") from exc
                await trio.sleep(_POLL)
        yield sockets


def set_backlog() -> list[str]:
    """Set `BACKLOG` for every socket on which this process listens; return their addresses.

    Hypercorn's command listens before it imports hunt.  A second `listen` changes only the
    backlog.
    """
    addresses = []
    for name in os.listdir("/proc/self/fd"):
        try:
            fd = os.dup(int(name))
        except OSError:
            continue  # the descriptor of the listing itself
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.close(fd)
            continue
        with socket.socket(fileno=fd) as sock:
            if sock.type == socket.SOCK_STREAM and sock.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                sock.listen(BACKLOG)
                addresses.append(name_of(sock))
    return sorted(set(addresses))


def tune(sock: socket.socket | trio.socket.SocketType) -> None:
    """Set the options of a listening TCP socket; the connections that it accepts inherit them."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)


def name_of(sock: socket.socket | trio.socket.SocketType) -> str:
    """Return the local address of a socket: ``host:port``, ``[host]:port`` or ``unix:/path``."""
    own = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return f"unix:{own}"
    host = f"[{own[0]}]" if sock.family == socket.AF_INET6 else own[0]
    return f"{host}:{own[1]}"


def url(sock: socket.socket) -> str:
    """Return the address of a listening socket: ``http://host:port`` or ``unix:/path``."""
    address = name_of(sock)
    return address if sock.family == socket.AF_UNIX else f"http://{address}"


def _listener(address: str) -> AbstractContextManager[socket.socket]:
    if address.startswith("unix:"):
        return unix_listener(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return _tcp_listener(host.strip("[]"), int(port))


@contextmanager
def _tcp_listener(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tune(sock)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        yield sock


@contextmanager
def unix_listener(path: str) -> Iterator[socket.socket]:
    """Listen at `path`, which is removed at the end.

    The socket of a killed server is replaced.

    Raises:
        OSError: See bind(2); ``EADDRINUSE`` if another process listens there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        if is_abandoned(path):
            os.unlink(path)
        sock.bind(path)
        ours = os.stat(path).st_ino
        try:
            sock.listen(BACKLOG)
            yield sock
        finally:
            try:
                if os.stat(path).st_ino == ours:
                    os.unlink(path)
            except FileNotFoundError:
                pass  # it was removed already


def is_abandoned(path: str) -> bool:
    """Return whether `path` is a socket at which no process listens."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            pass  # its backlog is full, or it was removed meanwhile
    return False
