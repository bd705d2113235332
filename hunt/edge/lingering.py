"""Lingering close: end the sending side, then discard input until the client closes.

Closing a socket with unread input sends a reset, which can destroy the last response
on its way to the client (RFC 9112, 9.6).
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import trio

from hunt.edge.park import Park, Parked
from hunt.edge.parked_socket import ParkedSocket
from hunt.edge.sending import PIECE

#: Seconds for which a client may go on sending after its last response.
LINGER_TIMEOUT = 2.0


async def linger(stream: trio.SocketStream) -> None:
    """Close the sending side of `stream` and discard its input, for `LINGER_TIMEOUT` seconds."""
    gone = (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError)
    with trio.move_on_after(LINGER_TIMEOUT), suppress(*gone):
        await stream.send_eof()
        while await stream.receive_some(PIECE):
            pass


def discard_input(parked: Parked) -> None:
    """Read and discard input; end the connection if the client has closed it."""
    try:
        data = os.read(parked.fd, PIECE)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        parked.end()


class LingeringClose(ParkedSocket):
    """A parked connection whose last response has been written."""

    __slots__ = ("_since",)

    def __init__(self, park: Park, fd: int) -> None:
        super().__init__(park, fd)
        self._since = trio.current_time()
        park.replace(self)
        with socket.socket(fileno=fd) as sock:
            with suppress(OSError):  # the client has gone, as the next read shows
                sock.shutdown(socket.SHUT_WR)
            sock.detach()

    def readable(self) -> None:
        """Discard input; end the connection if the client has closed it."""
        discard_input(self)

    def close_if_idle(self) -> None:
        """Do nothing: the connection is closing already."""

    def check_timeout(self, now: float) -> None:
        """End the connection after `LINGER_TIMEOUT` seconds."""
        if now - self._since > LINGER_TIMEOUT:
            self.end()

    def idle_since(self) -> float:
        """See `hunt.edge.admission.Holder`."""
        return self._since

    def evict(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        self.end()
