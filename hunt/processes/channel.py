"""One end of the socket pair between the supervisor and a worker process."""

from __future__ import annotations

import socket
from collections.abc import Hashable

import trio

from hunt.processes.orders import FromWorker, ToWorker, encode

_PIECE = 65536  # bytes of one read


class Channel:
    """Lines of messages, each way; neither end ever waits for the other one to read.

    Args:
        sock: Owned by the channel from now on.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = trio.socket.from_stdlib_socket(sock)
        self._heard = b""
        self._unsent = b""  # of a line that has begun
        self._waiting: dict[Hashable, bytes] = {}
        self._news = trio.Event()

    def say(self, message: FromWorker | ToWorker, *, key: Hashable = None) -> None:
        """Have `run` send a message.

        Args:
            message: To be sent.
            key: One message with this key waits at most: a later one takes its place.
                None: the class of the message.
        """
        self._waiting[key or type(message)] = encode(message)
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled; return where the other end has closed."""
        while await self.flush():
            await self._news.wait()
            self._news = trio.Event()

    async def flush(self) -> bool:
        """Send all that waits; return False where the other end has closed.

        Cancelled, it leaves what it has not sent to the next call.
        """
        while self._unsent or self._waiting:
            if not self._unsent:
                self._unsent = self._waiting.pop(next(iter(self._waiting)))
            try:
                sent = await self._socket.send(self._unsent)
            except OSError:
                return False
            self._unsent = self._unsent[sent:]
        return True

    async def receive(self) -> list[bytes] | None:
        """Return the next lines, without their ends; None once the other end has closed."""
        while True:
            try:
                more = await self._socket.recv(_PIECE)
            except OSError:
                return None
            if not more:
                return None
            *lines, self._heard = (self._heard + more).split(b"\n")
            if lines:
                return lines

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
