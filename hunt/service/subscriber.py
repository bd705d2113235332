"""Subscribers of the hub: their subscription, and a bounded mailbox for streams with a task."""

from __future__ import annotations

from typing import Literal, Protocol

import trio
from msgspec import Struct

from hunt.core import websocket_messages
from hunt.core.tokens import Identity

Reason = Literal["slow", "drain", "over", "expired", "banned"]


class Subscription(Struct, frozen=True, gc=False):
    """The content of a stream, and the identity that opened it."""

    hunt: str  #: the id of the hunt
    identity: Identity  #: the stream ends when the token behind it is no longer valid
    everybody: bool = False  #: wins of all players, not the rewards of one
    address: str | None = None  #: the client's address behind a trusted proxy; else None
    source: str | None = None  #: the client's address, as a key of bans; None: not known

    @property
    def player(self) -> str | None:
        """The player whose rewards the stream receives; None for wins of all players."""
        return None if self.everybody else self.identity.player


class Frame(Struct, gc=False):
    """An event, encoded once for all subscribers."""

    kind: str  #: ``reward``, ``wins``, or the kind of a live event
    seq: int  #: the seq of a reward; else 0
    sse: bytes  #: complete blocks of an event stream
    since: float  #: time of publication, by Trio's clock
    key: str | None = None  #: of a live event: a later frame with it replaces this one; else None
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


#: Stands for all live events that wait beside a channel.
_LIVE = Frame("", 0, b"", 0.0)

#: Maximum number of live events with different keys that wait for a client; beyond that the
#: oldest is dropped.
LIVE_EVENTS = 32


def keep_latest(waiting: dict[str, Frame], frame: Frame) -> None:
    """Add a live event to those that wait, in place of one with its key."""
    assert frame.key is not None, "only live events have a key"
    waiting.pop(frame.key, None)
    if len(waiting) == LIVE_EVENTS:
        del waiting[next(iter(waiting))]
    waiting[frame.key] = frame


class Subscriber(Protocol):
    """A stream as the hub knows it: a socket, or a mailbox and a task."""

    def offer(self, frame: Frame) -> bool:
        """Take a frame, or return False if there is no room: the hub closes it.  Must not block."""

    def waiting(self) -> int:
        """Return the number of frames that wait for the client."""

    def close(self, reason: Reason) -> None:
        """Take no more frames; earlier ones may still be delivered.  Must not block."""


class Mailbox:
    """A subscriber whose frames another task receives, through a bounded channel.

    Live events wait beside the channel, the latest of each key.  One frame in the channel
    stands for all of them; it has a place of its own, so they use no room of rewards.

    Args:
        buffer: Number of rewards and wins, >= 1, that may wait.
    """

    def __init__(self, buffer: int) -> None:
        self._buffer = buffer
        self._live: dict[str, Frame] = {}  # by key; not empty while `_LIVE` is in the channel
        self._send, self._receive = trio.open_memory_channel[Frame](buffer + 1)
        self.reason: Reason | None = None  #: why it ends; None while it is open

    def offer(self, frame: Frame) -> bool:
        """See `Subscriber`."""
        try:
            if frame.key is not None:
                if not self._live:
                    self._send.send_nowait(_LIVE)
                keep_latest(self._live, frame)
                return True
            if self._used() - bool(self._live) >= self._buffer:
                return False
            self._send.send_nowait(frame)
        except (trio.WouldBlock, trio.BrokenResourceError):
            return False
        return True

    def waiting(self) -> int:
        """See `Subscriber`."""
        return self._used() - bool(self._live) + len(self._live)

    def _used(self) -> int:
        return self._send.statistics().current_buffer_used

    def close(self, reason: Reason) -> None:
        """See `Subscriber`."""
        self.reason = reason
        self._send.close()

    async def receive(self) -> Frame:
        """Return the next frame; one that stands for live events, if these are next.

        `gather` replaces it by the live events.

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

        Live events may exceed `most`.

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
                if frame is _LIVE:
                    frames += self._live.values()
                    self._live.clear()
                elif frame.kind != "reward" or frame.seq > after:
                    frames.append(frame)
        except (trio.WouldBlock, trio.EndOfChannel):
            if not frames:
                raise
        return frames

    def discard(self) -> None:
        """Close both ends, and drop all frames."""
        self._send.close()
        self._receive.close()
