"""An event stream as an iterator of blocks, for transports that give it a task."""

from __future__ import annotations

from typing import Self

import trio

from hunt.core import sse
from hunt.play.stream import Stream
from hunt.service.subscriber import Mailbox


class EventStream:
    """An iterator over the blocks of an event stream, which is subscribed within ``async with``.

    Args:
        stream: A stream that is not subscribed yet.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._mailbox: Mailbox = stream.shared.mailbox()
        self._first: bytes | None = None  # the greeting, if it needs no history
        self._started = False
        self._ended = False

    async def __aenter__(self) -> Self:
        """Subscribe; from now on no event is missed."""
        greeting = self._stream.begin(self._mailbox)
        if greeting is not None:
            self._first, self._ended = greeting.blocks, greeting.ends
        if not self._ended:
            self._stream.set_awake(True)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Unsubscribe, and drop what was not sent."""
        self._stream.unsubscribe()
        self._mailbox.discard()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes to send: whole blocks."""
        if not self._started:
            self._started = True
            return await self._begin()
        if self._ended:
            raise StopAsyncIteration
        return await self._next()

    async def _begin(self) -> bytes:
        """Return the greeting."""
        if self._first is not None:
            return self._first
        greeting = await self._stream.greet()
        self._ended = greeting.ends
        return greeting.blocks

    async def _next(self) -> bytes:
        """Return new events, a heartbeat after silence, or the farewell."""
        with trio.move_on_after(self._stream.shared.heartbeat):
            try:
                while True:
                    first = await self._mailbox.receive()
                    try:
                        return self._stream.gather(self._mailbox, first)
                    except trio.WouldBlock:
                        pass  # the greeting contained all of them
            except trio.EndOfChannel:
                self._ended = True
                last = self._stream.shared.farewell(self._mailbox.reason)
                if last:
                    return last
                raise StopAsyncIteration from None
        return sse.HEARTBEAT
