"""Frames of RFC 6455 on a stream: small text messages, bounded on both sides."""

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

#: Bytes of a message of a client, at most.
MAX_MESSAGE = 4096

#: Bytes that are read at once.
READ = 16_384

#: Messages that go out in one write, at most.
WRITE_MESSAGES = 64

#: Answers to pings of the protocol that may wait to be written.
MAX_PONGS = 16

#: Seconds from the decision to close to the end of the connection, at most: for a
#: write that is under way, for ours and for the client's close.
CLOSE_TIMEOUT = 2.0

#: Heartbeats after which a client that says nothing, not even pong, is gone.
SILENCE = 2.5

#: Codes of a close, beside those of `wsproto`; 4000 and a status of HTTP where one fits.
OVER = 1000  # the purpose for which the connection was opened has been fulfilled
UNSUPPORTED, NOT_JSON, FAILED, RESTART, AGAIN = 1003, 1007, 1011, 1012, 1013
BAD_TOKEN, NOT_ALLOWED, TOO_SLOW = 4401, 4403, 4408

#: What a client is told of its fault; the texts of `wsproto` show Python's exceptions.
FAULTS = {
    int(CloseReason.PROTOCOL_ERROR): "a frame is not valid",
    int(CloseReason.INVALID_FRAME_PAYLOAD_DATA): "text must be UTF-8",
    int(CloseReason.MESSAGE_TOO_BIG): f"a message is longer than {MAX_MESSAGE} bytes",
}


class Session(Protocol):
    """Who speaks over a `WebSocket`.  None of this may block."""

    def heard(self, text: str) -> None:
        """Take a whole message."""

    def room(self) -> bool:
        """Return whether another message may be read; asked again after each write."""

    def take(self, most: int) -> list[str]:
        """Return the next messages to send; none where there is nothing to say now."""


class WebSocket:
    """One connection after its handshake, on the server's side.

    It reads no further while the answers to what it has read are not written, so a
    client that does not read cannot make anything grow; it ends within `CLOSE_TIMEOUT`
    seconds of `close`, and when its client has gone.

    Args:
        stream: A connection, which stays the caller's to close.
        session: Who speaks.
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
        self._deaf = False  # what comes is read, and means nothing any more
        self.answered = False  #: the client has said its close
        self.stalled = False  #: it did not take what was written

    def wake(self) -> None:
        """Look again for what there is to send."""
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Send what waits, close, and end soon; the first reason counts."""
        if self._closing is None:
            self._closing = CloseConnection(code, reason)
            self._scope.deadline = trio.current_time() + CLOSE_TIMEOUT
            self._wake.set()
            self._written.set()

    @property
    def code(self) -> int | None:
        """Of the close that was decided; None while it is open, or where it broke."""
        return None if self._closing is None else self._closing.code

    async def run(self, head: bytes, received: bytes) -> None:
        """Serve the connection until its end.

        Args:
            head: Bytes that go out before the first frame.
            received: What came behind the handshake.
        """
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, head)
                await self._read(received)
                if self._closing is None:  # it has gone without a word
                    nursery.cancel_scope.cancel()

    async def _read(self, data: bytes) -> None:
        """Hear what comes, until there is nothing more to come."""
        while True:
            if data and not self._deaf:
                await self._hear(data)
            if self.answered:
                return
            with trio.move_on_after(SILENCE * self._heartbeat) as silence:
                try:
                    data = bytes(await self._stream.receive_some(READ))
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return
            if silence.cancelled_caught or not data:
                return

    async def _hear(self, data: bytes) -> None:
        self._frames.receive_data(data)
        for event in self._frames.events():
            if isinstance(event, CloseConnection):
                self.answered = self._frames.state is not ConnectionState.OPEN
                self._fail(event.code, "" if self.answered else FAULTS.get(event.code, ""))
            elif self._closing is not None:
                continue  # we shall not answer, so it does not count
            elif isinstance(event, TextMessage):
                if event.data:  # or empty frames without end would make a list of them
                    self._parts.append(event.data)
                if event.message_finished:
                    text, self._parts = "".join(self._parts), []
                    self._session.heard(text)
            elif isinstance(event, BytesMessage):
                self._fail(UNSUPPORTED, "messages are text")
            elif isinstance(event, Ping):
                self._pongs.append(self._frames.send(event.response()))
                self._wake.set()
            if self._deaf:
                return
            await self._wait_room()

    def _fail(self, code: int, reason: str) -> None:
        """Hear no more, and close."""
        self._deaf = True
        self.close(code, reason)

    async def _wait_room(self) -> None:
        """Wait until another message may be read."""
        while self._closing is None and (len(self._pongs) >= MAX_PONGS or not self._session.room()):
            self._written = trio.Event()
            await self._written.wait()

    async def _write(self, head: bytes) -> None:
        """Write what there is to say, pings in between, and at last the close."""
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
        if self._deaf and not self.answered and isinstance(self._stream, HalfCloseableStream):
            # No close of the client's will be understood, so its end is what we wait for.
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._stream.send_eof()

    def _next(self) -> bytes:
        """Return the bytes of what is to be sent now; none where there is nothing."""
        frames = list(self._pongs)
        self._pongs.clear()
        frames += [text_frame(text) for text in self._session.take(WRITE_MESSAGES)]
        return b"".join(frames)

    async def _send(self, data: bytes) -> None:
        """Write all of it; a client that does not take it in time has no connection any more."""
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
    """Return a message in one frame; a server's are not masked (RFC 6455, 5.1 and 5.2)."""
    data = text.encode()
    size = len(data)
    if size < 126:
        return b"\x81%c%b" % (size, data)
    if size < 65536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), data)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), data)


class _Limit(Extension):
    """Looks at the head of each frame: a message that would be too long is never read."""

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
