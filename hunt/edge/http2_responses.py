"""Responses over HTTP/2: those of Quart with repairs, and those of the fast lane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.protocol.events import Body, Data, EndBody, EndData, Event
from hypercorn.protocol.h2 import H2Protocol, StreamBuffer

from hunt.edge import sending


class Responses(H2Protocol):
    """Sends responses; a client that does not open its window in time loses its stream.

    It is also the `hunt.edge.exchanges.Client` of the fast lane.
    """

    _unsent: trio.Event  # set while an answer waits for `_send_answers`
    _failed: Exception | None = None  # an error that ends the connection

    async def _send_answers(self) -> None:
        """Send the answers of clicks, which their lanes have given to h2, all at once."""
        while not self.closed:
            await self._unsent.wait()
            self._unsent = trio.Event()
            if self._failed is not None:
                raise self._failed
            await self._flush()

    def respond(self, stream_id: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """See `hunt.edge.exchanges.Client`."""
        with suppress(ProtocolError):
            self.connection.send_headers(stream_id, headers, end_stream=not body)
            if body and not self._send_now(stream_id, body, end=True):
                self.task_group.spawn(self._send_later, stream_id, body)
        self._unsent.set()

    def begin(self, stream_id: int, headers: list[tuple[bytes, bytes]]) -> None:
        """See `hunt.edge.exchanges.Client`."""
        with suppress(ProtocolError):
            self.connection.send_headers(stream_id, headers)

    async def send_part(self, stream_id: int, data: bytes) -> bool:
        """See `hunt.edge.exchanges.Client`."""
        try:
            if stream_id not in self.stream_buffers and self._send_now(stream_id, data):
                await self._flush()
                return True
        except ProtocolError:
            return False
        await self._flush()  # sends the head, which does not depend on the window
        self._buffer(stream_id)
        return await self._send_pieces(Body(stream_id, data))

    async def end(self, stream_id: int) -> None:
        """See `hunt.edge.exchanges.Client`."""
        if stream_id in self.stream_buffers:
            await self._send_in_time(EndBody(stream_id))
            return
        with suppress(ProtocolError):
            self.connection.end_stream(stream_id)
        await self._flush()

    def spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        """See `hunt.edge.exchanges.Client`."""
        self.task_group.spawn(work)

    def fail(self, error: Exception) -> None:
        """See `hunt.edge.exchanges.Client`."""
        self._failed = error
        self._unsent.set()

    def _send_now(self, stream_id: int, data: bytes, *, end: bool = False) -> bool:
        """Send a part of a body if the client's window takes it whole; return False if not.

        Raises:
            ProtocolError: The client has reset the stream, or the connection has ended.
        """
        connection = self.connection
        if len(data) > connection.local_flow_control_window(stream_id):
            return False
        size = connection.max_outbound_frame_size
        last = len(data) - size
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            connection.send_data(stream_id, piece, end_stream=end and start >= last)
        return True

    async def _send_later(self, stream_id: int, body: bytes) -> None:
        """Send a body as the client opens its window."""
        self._buffer(stream_id)
        if await self._send_pieces(Body(stream_id, body)):
            await self._send_in_time(EndBody(stream_id))

    def _buffer(self, stream_id: int) -> None:
        """Let Hypercorn send the data of a stream, unless it does already."""
        if stream_id not in self.stream_buffers:
            self.stream_buffers[stream_id] = StreamBuffer(self.context.event_class)
            self.priority.insert_stream(stream_id)
            self.priority.block(stream_id)

    async def stream_send(self, event: Event) -> None:
        """Send a part of a response; the client has to open its window in time (H3).

        The client controls the flow.  By never opening the window, it could keep a stream and
        its task for ever, and its place within the connection limit.
        """
        if isinstance(event, Body | Data):
            await self._send_pieces(event)
        elif isinstance(event, EndBody | EndData):
            await self._send_in_time(event)
        else:
            await super().stream_send(event)

    async def _send_pieces(self, event: Body | Data) -> bool:
        """Send a part of a body in pieces; return False if the client is too slow."""
        kind, data = type(event), event.data
        for start in range(0, len(data), sending.PIECE):
            piece = data[start : start + sending.PIECE]
            if not await self._send_in_time(kind(event.stream_id, piece)):
                return False
        return True

    async def _close_stream(self, stream_id: int) -> None:
        """Tell the application that a stream has ended, even while its connection ends.

        Without that, the application and its connection would wait for ever.
        """
        with trio.move_on_after(sending.SEND_TIMEOUT, shield=True):
            await super()._close_stream(stream_id)

    async def _send_in_time(self, event: Event) -> bool:
        """Send an event; after `SEND_TIMEOUT`, reset the stream and return False."""
        with trio.move_on_after(sending.SEND_TIMEOUT) as scope:
            await super().stream_send(event)
        if not scope.cancelled_caught:
            return True
        with suppress(ProtocolError):  # the stream, or its connection, has ended
            self.connection.reset_stream(event.stream_id, ErrorCodes.CANCEL)
        await self._flush()
        await self._close_stream(event.stream_id)
        # Wakes tasks that wait for the window; they find that the stream has ended.
        await self._window_updated(event.stream_id)
        return False
