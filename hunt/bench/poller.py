"""An epoll wrapper with timeouts below a millisecond."""

from __future__ import annotations

import select
import socket
from typing import Generic, Protocol, TypeVar


class Reader(Protocol):
    """An object with a socket that a poller can watch."""

    sock: socket.socket


T = TypeVar("T", bound=Reader)


class Poller(Generic[T]):
    """Watches sockets for input."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._by_fd: dict[int, T] = {}

    def add(self, reader: T) -> None:
        """Start watching `reader`."""
        fd = reader.sock.fileno()
        self._by_fd[fd] = reader
        self._epoll.register(fd, select.EPOLLIN)

    def remove(self, reader: T) -> None:
        """Stop watching `reader`; call it before its socket is closed."""
        fd = reader.sock.fileno()
        del self._by_fd[fd]
        self._epoll.unregister(fd)

    def wait(self, seconds: float) -> list[T]:
        """Return the readable readers; wait at most `seconds`."""
        # epoll counts in milliseconds: too coarse for a click every 300 us.
        if seconds < 0.005:
            if seconds > 0:
                select.select([self._epoll], [], [], seconds)
            seconds = 0
        by_fd = self._by_fd
        return [by_fd[fd] for fd, _ in self._epoll.poll(seconds) if fd in by_fd]

    def close(self) -> None:
        """Close the epoll, but not the sockets."""
        self._epoll.close()
