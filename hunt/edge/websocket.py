"""A WebSocket (RFC 6455) on a stream, for small text messages, with bounded buffers."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Protocol

import trio
from trio.abc import HalfCloseableStream
from wsproto import ConnectionType
from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

from hunt.edge.sending import send_all

#: Maximum length of a client's message, in bytes.
MAX_MESSAGE = 4096

#: Maximum length of one read, in bytes.
READ = 16_384

#: Maximum number of messages in one write.
WRITE_MESSAGES = 64

#: Maximum number of pongs that wait to be written.
MAX_PONGS = 16

#: Maximum time from the decision to close to the end of the connection, in seconds.  It
#: includes the current write, the close frame, and the client's close frame.
CLOSE_TIMEOUT = 2.0

#: A client that sends nothing, not even a pong, for this many heartbeat intervals is gone.
SILENCE = 2.5

#: Close codes besides those of `wsproto`: standard ones, and 4000 plus an HTTP status.
OVER = 1000  # the purpose for which the connection was opened has been fulfilled
UNSUPPORTED, NOT_JSON, FAILED, RESTART, AGAIN = 1003, 1007, 1011, 1012, 1013
BAD_TOKEN, NOT_ALLOWED, TOO_SLOW = 4401, 4403, 4408

#: Close reasons by code; those of `wsproto` would show Python's exceptions.
FAULTS = {
    int(CloseReason.PROTOCOL_ERROR): "a frame is not valid",
    int(CloseReason.INVALID_FRAME_PAYLOAD_DATA): "text must be UTF-8",
    int(CloseReason.MESSAGE_TOO_BIG): f"a message is longer than {MAX_MESSAGE} bytes",
}


class Session(Protocol):
    """The user of a `WebSocket`.  Its methods must not block."""

    def receive(self, text: str) -> None:
        """Handle a complete message."""

    def has_capacity(self) -> bool:
        """Return whether another message may be read; called again after each write."""

    def take(self, most: int) -> list[str]:
        """Return the next messages to send, at most `most`; empty if there are none."""


class WebSocket:
    """The server's side of a connection after its handshake.

    Backpressure: it pauses reading while answers wait to be written, so a client that
    does not read cannot fill the memory.  It ends within `CLOSE_TIMEOUT` seconds of
    `close`, and when its client has gone.

    Args:
        stream: The connection, which the caller closes.
        session: Handles messages, and returns messages to send.
        heartbeat: Seconds between two pings, > 0.
    """

    def __init__(self, stream: trio.abc.Stream, session: Session, *, heartbeat: float) -> None:
        self._stream = stream
        self._session = session
        self._heartbeat = heartbeat
        self._frames = Connection(ConnectionType.SERVER, [_Limit()])
        self._parts: list[str] = []  # of a message that is not complete
        self._pongs: deque[bytes] = deque()
        self._wake = trio.Event()  # there may be something to write
        self._written = trio.Event()
        self._scope = trio.CancelScope()
        self._closing: CloseConnection | None = None
        self._ignores_input = False  # input is read and discarded
        self.answered = False  #: the client has sent its close frame
        self.stalled = False  #: the client did not read in time

    def wake(self) -> None:
        """Send the messages that the session has now."""
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Send queued messages and a close frame, then end; later calls have no effect."""
        if self._closing is None:
            self._closing = CloseConnection(code, reason)
            self._scope.deadline = trio.current_time() + CLOSE_TIMEOUT
            self._wake.set()
            self._written.set()

    @property
    def code(self) -> int | None:
        """The close code; None while the WebSocket is open, or if its connection broke."""
        return None if self._closing is None else self._closing.code

    async def run(self, head: bytes, received: bytes) -> None:
        """Serve the connection until its end.

        Args:
            head: The response of the handshake.
            received: The bytes that arrived after the handshake.
        """
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, head)
                await self._read(received)
                if self._closing is None:  # the client has gone without a close frame
                    nursery.cancel_scope.cancel()

    async def _read(self, data: bytes) -> None:
        """Read frames until the client closes, or sends nothing for too long."""
        while True:
            if data and not self._ignores_input:
                await self._handle(data)
            if self.answered:
                return
            with trio.move_on_after(SILENCE * self._heartbeat) as silence:
                try:
                    data = bytes(await self._stream.receive_some(READ))
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return
            if silence.cancelled_caught or not data:
                return

    async def _handle(self, data: bytes) -> None:
        self._frames.receive_data(data)
        for event in self._frames.events():
            if isinstance(event, CloseConnection):
                self.answered = self._frames.state is not ConnectionState.OPEN
                self._fail(event.code, "" if self.answered else FAULTS.get(event.code, ""))
            elif self._closing is not None:
                continue  # no answer would be sent any more
            elif isinstance(event, TextMessage):
                if event.data:  # otherwise endless empty frames would fill the list
                    self._parts.append(event.data)
                if event.message_finished:
                    text, self._parts = "".join(self._parts), []
                    self._session.receive(text)
            elif isinstance(event, BytesMessage):
                self._fail(UNSUPPORTED, "messages are text")
            elif isinstance(event, Ping):
                self._pongs.append(self._frames.send(event.response()))
                self._wake.set()
            if self._ignores_input:
                return
            await self._wait_capacity()

    def _fail(self, code: int, reason: str) -> None:
        """Ignore further input, and close."""
        self._ignores_input = True
        self.close(code, reason)

    async def _wait_capacity(self) -> None:
        """Wait until another message may be read."""
        while self._closing is None and (
            len(self._pongs) >= MAX_PONGS or not self._session.has_capacity()
        ):
            self._written = trio.Event()
            await self._written.wait()

    async def _write(self, head: bytes) -> None:
        """Write messages and pings, and at last the close frame."""
        await self._send(head)
        ping_at = trio.current_time() + self._heartbeat
        while True:
            self._wake = trio.Event()
            if trio.current_time() >= ping_at and self._closing is None:
                ping_at = trio.current_time() + self._heartbeat
                self._pongs.append(self._frames.send(Ping()))
            data = self._next()
            if data:
                await self._send(data)
                self._written.set()
            elif self._closing is not None:
                break
            else:
                with trio.move_on_at(ping_at):
                    await self._wake.wait()
        await self._send(self._frames.send(self._closing))
        if (
            self._ignores_input
            and not self.answered
            and isinstance(self._stream, HalfCloseableStream)
        ):
            # The client's close frame could not be understood: wait for the end of its stream.
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._stream.send_eof()

    def _next(self) -> bytes:
        """Return the frames to send now; empty if there are none."""
        frames = list(self._pongs)
        self._pongs.clear()
        frames += [text_frame(text) for text in self._session.take(WRITE_MESSAGES)]
        return b"".join(frames)

    async def _send(self, data: bytes) -> None:
        """Write all of `data`; end the connection of a client that does not read in time."""
        try:
            await send_all(self._stream, data)
        except trio.TooSlowError:
            self.stalled = True
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        else:
            return
        self._scope.cancel()
        await trio.lowlevel.checkpoint()


def text_frame(text: str) -> bytes:
    """Return the frame of a message; a server does not mask (RFC 6455, 5.1 and 5.2)."""
    data = text.encode()
    size = len(data)
    if size < 126:
        return b"\x81%c%b" % (size, data)
    if size < 65536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), data)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), data)


class _Limit(Extension):
    """Checks the head of each frame, so that a message that is too long is never read."""

    name = "limit"

    def __init__(self) -> None:
        self._size = 0  # of the message so far

    def enabled(self) -> bool:
        return True

    def offer(self) -> bool:
        return False

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,
    ) -> CloseReason | RsvBits:
        if not opcode.iscontrol():
            before = self._size if opcode is Opcode.CONTINUATION else 0
            self._size = before + payload_length
            if self._size > MAX_MESSAGE:
                return CloseReason.MESSAGE_TOO_BIG
        return RsvBits(False, False, False)
