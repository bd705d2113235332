"""Sends that end: a client that reads nothing holds nobody up for long."""

from __future__ import annotations

from contextlib import suppress

import trio

#: Seconds that `PIECE` bytes may take to leave.  A client that reads nothing for so
#: long is gone or hostile; its player comes back with ``Last-Event-ID``.
SEND_TIMEOUT = 10.0

#: Bytes that are sent under one deadline, so that a client may be slow, but not stop.
#: As many as one record of TLS holds.
PIECE = 16_384


#: Seconds for which a client may go on sending after its last answer.
LINGER_TIMEOUT = 2.0


async def send_all(stream: trio.abc.SendStream, data: bytes, *, shield: bool = False) -> None:
    """Send all of `data`.

    Args:
        stream: To the client.
        data: Any number of bytes.
        shield: Cancellation is not seen before the end, which comes in any case.

    Raises:
        trio.BrokenResourceError: The client has gone.
        trio.ClosedResourceError: The connection was closed meanwhile.
        trio.TooSlowError: It took less than `PIECE` bytes in `SEND_TIMEOUT` seconds.
    """
    rest = memoryview(data)
    while rest:
        with trio.fail_after(SEND_TIMEOUT, shield=shield):
            await stream.send_all(rest[:PIECE])
        rest = rest[PIECE:]


async def linger(stream: trio.SocketStream) -> None:
    """Say that nothing more comes, and take for a while what the client still sends.

    To close with something unread is a reset, which may overtake the last answer and
    take it back (RFC 9112, 9.6).
    """
    gone = (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError)
    with trio.move_on_after(LINGER_TIMEOUT), suppress(*gone):
        await stream.send_eof()
        while await stream.receive_some(PIECE):
            pass
