"""Bounded sends: a client that stops reading cannot delay the process."""

from __future__ import annotations

import os

import trio

#: Maximum time to send `PIECE` bytes, in seconds.  A client that takes longer has disappeared
#: or is hostile; its player reconnects with ``Last-Event-ID``.
SEND_TIMEOUT = 10.0

#: Number of bytes sent under one deadline, so that a slow client has time and a stopped one is
#: detected.  It is the size of one TLS record.
PIECE = 16_384


async def send_all(stream: trio.abc.SendStream, data: bytes, *, shield: bool = False) -> None:
    """Send all of `data` on a stream.

    Args:
        stream: The connection to the client.
        data: Any number of bytes.
        shield: Ignore cancellation until the end of the send.

    Raises:
        trio.BrokenResourceError: The client has gone.
        trio.ClosedResourceError: The connection was closed meanwhile.
        trio.TooSlowError: The client took less than `PIECE` bytes in `SEND_TIMEOUT` seconds.
    """
    rest = memoryview(data)
    while rest:
        with trio.fail_after(SEND_TIMEOUT, shield=shield):
            await stream.send_all(rest[:PIECE])
        rest = rest[PIECE:]


async def write_all(fd: int, data: bytes) -> None:
    """Write all of `data` to the descriptor of a parked connection.

    Raises:
        OSError: The client has gone.
        trio.ClosedResourceError: The connection was closed meanwhile.
        trio.TooSlowError: The client took nothing for `SEND_TIMEOUT` seconds.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            with trio.fail_after(SEND_TIMEOUT):
                await trio.lowlevel.wait_writable(fd)
    await trio.lowlevel.checkpoint()
