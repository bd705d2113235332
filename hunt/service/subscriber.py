"""Subscribers of the hub: their subscription, and a bounded mailbox for streams with a task."""

from __future__ import annotations

from typing import Literal, Protocol

import trio
from msgspec import Struct

from hunt.core import websocket_messages
from hunt.core.tokens import Identity

Reason = Literal["slow", "drain", "over", "expired"]


class Subscription(Struct, frozen=True, gc=False):
    """The content of a stream, and the identity that opened it."""

    hunt: str  #: the id of the hunt
    identity: Identity  #: the stream ends when the token behind it is no longer valid
    everybody: bool = False  #: wins of all players, not the rewards of one
    address: str | None = None  #: the client's address behind a trusted proxy; else None

    @property
    def player(self) -> str | None:
        """The player whose rewards the stream receives; None for wins of all players."""
        return None if self.everybody else self.identity.player


class Frame(Struct, gc=False):
    """An event, encoded once for all subscribers."""

    kind: Literal["reward", "wins"]
    seq: int  #: the seq of a reward; 0 for wins
    sse: bytes  #: complete blocks of an event stream
    since: float  #: time of publication, by Trio's clock
    _chunk: bytes | None = None

    def chunk(self) -> bytes:
        """Return the blocks as a chunk of HTTP/1.1 (RFC 9112, 7.1); made once."""
        if self._chunk is None:
            self._chunk = b"%x\r\n%b\r\n" % (len(self.sse), self.sse)
        return self._chunk

    def message(self) -> str:
        """Return the event as a WebSocket message."""
        # The only line of data of a block is its last one.
        return websocket_messages.message(self.kind, self.sse[self.sse.index(b"data: ") + 6 : -2])


class Subscriber(Protocol):
    """A stream as the hub knows it: a socket, or a mailbox and a task."""

    def offer(self, frame: Frame) -> bool:
        """Take a frame, or return False if there is no room: the hub closes it.  Must not block."""

    def waiting(self) -> int:
        """Return the number of frames that wait for the client."""

    def close(self, reason: Reason) -> None:
        """Take no more frames; earlier ones may still be delivered.  Must not block."""


class Mailbox:
    """A subscriber whose frames another task receives, through a bounded channel."""

    def __init__(self, buffer: int) -> None:
        self._send, self._receive = trio.open_memory_channel[Frame](buffer)
        self.reason: Reason | None = None  #: why it ends; None while it is open

    def offer(self, frame: Frame) -> bool:
        """See `Subscriber`."""
        try:
            self._send.send_nowait(frame)
        except (trio.WouldBlock, trio.BrokenResourceError):
            return False
        return True

    def waiting(self) -> int:
        """See `Subscriber`."""
        return self._send.statistics().current_buffer_used

    def close(self, reason: Reason) -> None:
        """See `Subscriber`."""
        self.reason = reason
        self._send.close()

    async def receive(self) -> Frame:
        """Return the next frame.

        Raises:
            trio.EndOfChannel: The mailbox was closed, for `reason`, and is empty.
        """
        return await self._receive.receive()

    def receive_nowait(self) -> Frame:
        """Return the next frame without waiting.

        Raises:
            trio.WouldBlock: The mailbox is empty.
            trio.EndOfChannel: As for `receive`.
        """
        return self._receive.receive_nowait()

    def gather(self, first: Frame | None = None, *, after: int, most: int) -> list[Frame]:
        """Return up to `most` waiting frames, without rewards up to seq `after`.

        Args:
            first: A frame that was received before; None: no such frame.
            after: The last seq that the client has.
            most: Maximum number of frames, >= 1.

        Raises:
            trio.WouldBlock: There is no such frame.
            trio.EndOfChannel: As for `receive`, and there is no such frame.
        """
        frames: list[Frame] = []
        try:
            while len(frames) < most:
                frame = self._receive.receive_nowait() if first is None else first
                first = None
                if frame.kind != "reward" or frame.seq > after:
                    frames.append(frame)
        except (trio.WouldBlock, trio.EndOfChannel):
            if not frames:
                raise
        return frames

    def discard(self) -> None:
        """Close both ends, and drop all frames."""
        self._send.close()
        self._receive.close()
