"""A stream as the hub sees it: what it is to receive, and the channel of one that has a task."""

from __future__ import annotations

from typing import Literal, Protocol

import trio
from msgspec import Struct

from hunt.core import websocket_messages
from hunt.core.tokens import Identity

Reason = Literal["slow", "drain", "over", "expired"]


class Subscription(Struct, frozen=True, gc=False):
    """What a stream receives, and who opened it."""

    hunt: str  #: its id
    identity: Identity  #: the stream ends when the token behind it is not valid any more
    everybody: bool = False  #: everybody's wins, not the player's own rewards
    address: str | None = None  #: the client's, where a trusted proxy says so

    @property
    def player(self) -> str | None:
        """Whose rewards; None for everybody's wins."""
        return None if self.everybody else self.identity.player


class Frame(Struct, gc=False):
    """An event, encoded once and shared by all who get it."""

    kind: Literal["reward", "wins"]
    seq: int  #: of a reward; 0 for wins
    sse: bytes  #: whole blocks of an event stream
    since: float  #: when it was published, by Trio's clock
    _chunk: bytes | None = None

    def chunk(self) -> bytes:
        """Return the blocks as a chunk of HTTP/1.1 (RFC 9112, 7.1); made once."""
        if self._chunk is None:
            self._chunk = b"%x\r\n%b\r\n" % (len(self.sse), self.sse)
        return self._chunk

    def message(self) -> str:
        """Return the event as a message of a socket."""
        # A block of ours has one line of data, its last; only players with a socket pay.
        return websocket_messages.message(self.kind, self.sse[self.sse.index(b"data: ") + 6 : -2])


class Subscriber(Protocol):
    """What the hub knows of a stream: a socket, or a channel and a task."""

    def offer(self, frame: Frame) -> bool:
        """Take a frame; False where it cannot, and is then cut off.  Must not block."""

    def close(self, reason: Reason) -> None:
        """Take nothing more; what was taken may still be delivered.  Must not block."""


class Mailbox:
    """A subscriber that another task reads, through a bounded channel."""

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

    def close(self, reason: Reason) -> None:
        """See `Subscriber`."""
        self.reason = reason
        self._send.close()

    async def receive(self) -> Frame:
        """Return the next frame.

        Raises:
            trio.EndOfChannel: It was closed, and all it took has been received;
                `reason` says why.
        """
        return await self._receive.receive()

    def receive_nowait(self) -> Frame:
        """Return the next frame, if there is one.

        Raises:
            trio.WouldBlock: Nothing waits.
            trio.EndOfChannel: As for `receive`.
        """
        return self._receive.receive_nowait()

    def gather(self, first: Frame | None = None, *, after: int, most: int) -> list[Frame]:
        """Return up to `most` frames that wait, without rewards up to seq `after`.

        Args:
            first: A frame that was received already.
            after: What the client knows.
            most: Frames, >= 1.

        Raises:
            trio.WouldBlock: There is nothing to return.
            trio.EndOfChannel: As for `receive`, and there is nothing to return.
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
        """Drop both ends, and what was not received."""
        self._send.close()
        self._receive.close()
