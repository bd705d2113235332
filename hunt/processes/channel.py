"""One end of the socket pair between the supervisor process and a worker process."""

from __future__ import annotations

import socket
from collections.abc import Hashable

import trio

from hunt.processes.messages import FromWorker, ToWorker, encode

#: Bytes of one read.  A read allocates them all, and large blocks make the heap grow.
_READ = 16_384


class Channel:
    """Lines of messages in both directions; sending never waits for the other end to read.

    Args:
        sock: One end of a socket pair, owned by the channel from now on.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = trio.socket.from_stdlib_socket(sock)
        self._received = b""  # the beginning of a line
        self._unsent = b""  # the rest of a line that was sent in part
        self._queued: dict[Hashable, bytes] = {}
        self._queued_more = trio.Event()  # replaced by `run`

    def send(self, message: FromWorker | ToWorker, *, key: Hashable = None) -> None:
        """Queue a message for `run`.

        Args:
            message: The message.
            key: A queued message with the same key is replaced.  None: the class of the
                message is its key.
        """
        self._queued[key or type(message)] = encode(message)
        self._queued_more.set()

    async def run(self) -> None:
        """Send queued messages until cancelled; return once the other end has closed."""
        while await self.flush():
            await self._queued_more.wait()
            self._queued_more = trio.Event()

    async def flush(self) -> bool:
        """Send all queued messages; return False if the other end has closed.

        If cancelled, it leaves the unsent bytes to the next call.
        """
        while self._unsent or self._queued:
            if not self._unsent:
                self._unsent = self._queued.pop(next(iter(self._queued)))
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
                data = await self._socket.recv(_READ)
            except OSError:
                return None
            if not data:
                return None
            *lines, self._received = (self._received + data).split(b"\n")
            if lines:
                return lines

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
