"""An epoll that also waits for less than a millisecond, and the sockets by descriptor."""

from __future__ import annotations

import select
import socket
from typing import Generic, Protocol, TypeVar


class Reader(Protocol):
    """What a poller watches."""

    sock: socket.socket


T = TypeVar("T", bound=Reader)


class Poller(Generic[T]):
    """Watches sockets for what can be read."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._by_fd: dict[int, T] = {}

    def add(self, reader: T) -> None:
        """Watch `reader`."""
        fd = reader.sock.fileno()
        self._by_fd[fd] = reader
        self._epoll.register(fd, select.EPOLLIN)

    def remove(self, reader: T) -> None:
        """Watch `reader` no more; before its socket is closed."""
        fd = reader.sock.fileno()
        del self._by_fd[fd]
        self._epoll.unregister(fd)

    def wait(self, seconds: float) -> list[T]:
        """Return those with something to read; none after `seconds`."""
        # epoll's timeout is in milliseconds, which is late for a click every 300 us.
        if seconds < 0.005:
            if seconds > 0:
                select.select([self._epoll], [], [], seconds)
            seconds = 0
        by_fd = self._by_fd
        return [by_fd[fd] for fd, _ in self._epoll.poll(seconds) if fd in by_fd]

    def close(self) -> None:
        """Give up the epoll; the sockets are their owners'."""
        self._epoll.close()
