"""Listening sockets, bound once and held for as long as the server lives.

Clients that have connected wait in the socket while a process is replaced, so a
restart loses none of them.
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

#: Connections that may wait to be accepted.  At Hypercorn's 100, a burst of
#: reconnecting streams loses SYNs, and with each a second (TRAPS, H6).
BACKLOG = 4096

#: Milliseconds that sent bytes may stay unacknowledged before the kernel gives
#: the peer up: a phone that sleeps sends no FIN.
USER_TIMEOUT = 25_000

#: Seconds to wait for an address.  The processes of a server that was killed let
#: go of it a moment after that server's end.
PATIENCE = 5.0

_POLL = 0.05  # seconds between two attempts


@asynccontextmanager
async def listening(addresses: Sequence[str]) -> AsyncIterator[list[socket.socket]]:
    """Listen on `addresses`, each ``host:port`` or ``unix:/path``, in their order.

    Raises:
        HuntError: An address is in use (after `PATIENCE` seconds), or is not ours.
    """
    deadline = trio.current_time() + PATIENCE
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


def deepen() -> list[str]:
    """Let `BACKLOG` connections wait wherever this process listens; return the addresses.

    Hypercorn's own command listens before it imports anything of ours; to listen again
    changes nothing but the number.
    """
    addresses = []
    for name in os.listdir("/proc/self/fd"):
        try:
            fd = os.dup(int(name))
        except OSError:
            continue  # that of the listing itself
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
    """Set what connections of clients need, on one of TCP.

    Raises:
        OSError: The client has gone already.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)


def name_of(sock: socket.socket | trio.socket.SocketType) -> str:
    """Return its own address: ``host:port``, ``[host]:port`` or ``unix:/path``."""
    own = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return f"unix:{own}"
    host = f"[{own[0]}]" if sock.family == socket.AF_INET6 else own[0]
    return f"{host}:{own[1]}"


def url(sock: socket.socket) -> str:
    """Return where `sock` listens, for people: ``http://host:port`` or ``unix:/path``."""
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
        tune(sock)  # what is accepted inherits it, so no connection is ever without
        sock.bind((host, port))
        sock.listen(BACKLOG)
        yield sock


@contextmanager
def unix_listener(path: str) -> Iterator[socket.socket]:
    """Listen at `path`, which is removed at the end.

    A socket that a killed server left there is replaced.

    Raises:
        OSError: As of bind(2); ``EADDRINUSE`` where somebody listens there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        if abandoned(path):
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
                pass  # somebody has tidied up


def abandoned(path: str) -> bool:
    """Return whether `path` is a socket at which nobody listens."""
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
        except BlockingIOError:
            pass  # more wait than it takes
    return False
