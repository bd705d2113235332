"""One connection over TLS: a task of its own serves its requests of the fast lane.

An encrypted connection cannot be parked: its answers need OpenSSL, and a read may need a
write.  Requests, decisions and answers are the same as in the park.
"""

from __future__ import annotations

from contextlib import suppress

import trio

from hunt.edge.admission import Slot
from hunt.edge.answers import LAST_CHUNK, chunk
from hunt.edge.head import INCOMPLETE, OTHER, ParsedHead
from hunt.edge.park import HEAD_TIMEOUT, IDLE_TIMEOUT, Park
from hunt.edge.parked_connection import MAX_PIPELINED, READ
from hunt.edge.reads import answer, respond
from hunt.edge.sending import send_all
from hunt.edge.worker import Worker
from hunt.play.answers import Answer
from hunt.play.event_stream import EventStream
from hunt.play.pending import settle
from hunt.play.resources import Resource, peek
from hunt.play.stream import Stream

#: Seconds for the TLS handshake.
HANDSHAKE_TIMEOUT = 10.0

#: Seconds for a last read when the worker stops.
LAST_LOOK = 0.05

#: Errors that end a connection without an answer.
GONE = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


async def shake_hands(stream: trio.SSLStream[trio.SocketStream]) -> bool:
    """Begin TLS; return False if the handshake fails or takes too long."""
    with trio.move_on_after(HANDSHAKE_TIMEOUT):
        try:
            await stream.do_handshake()
        except trio.BrokenResourceError:
            return False  # no parameters were agreed on, so no response can be sent
        return True
    return False


class TLSConnection:
    """Serves a connection's requests of the fast lane, one after the other.

    Args:
        worker: Ends connections that wait for a request, when it stops.
        park: Has the play API, and the caches of heads and answers.
        stream: Connection to the client, after the TLS handshake.
        slot: The connection's slot in the limits.
    """

    def __init__(self, worker: Worker, park: Park, stream: trio.abc.Stream, slot: Slot) -> None:
        self._worker = worker
        self._park = park
        self._stream = stream
        self._slot = slot
        self.idle: float | None = None  #: time at which it began to wait for a request
        self._buffer = b""
        self._since = 0.0  # time of the last request, or of the first byte of this one

    async def serve(self, received: bytes) -> bytes | None:
        """Serve until a request is not a request of the fast lane.

        Args:
            received: Bytes that were read already.

        Returns:
            Bytes that Hypercorn must parse; None if the connection has ended.
        """
        self._buffer, self._since = received, trio.current_time()
        try:
            while True:
                buffer = self._buffer
                head = self._park.secure_heads.next_request(buffer) if buffer else INCOMPLETE
                if head is INCOMPLETE:
                    more = await self._more()
                elif head is OTHER or (head.resource is not None and self._slot.beyond is not None):
                    return buffer
                elif head.resource is not None:
                    self._buffer = buffer[len(head.raw) + (head.length or 0) :]
                    more = await self._read(head, head.resource)
                elif head.length is None:
                    self._buffer = b""
                    more = await self._stream_events(head)
                else:
                    size = len(head.raw)
                    self._buffer = buffer[size + head.length :]
                    more = await self._click(head, buffer[size : size + head.length])
                if not more:
                    return None
        except GONE:
            return None

    async def _more(self) -> bool:
        """Read; return False at the end of the connection, and after a timeout."""
        limit = HEAD_TIMEOUT if self._buffer else IDLE_TIMEOUT
        data: bytes | bytearray = b""
        self.idle = self._since
        with self._worker.cancellable_read() as scope:
            scope.deadline = self._since + limit
            data = await self._stream.receive_some(READ)
        self.idle = None
        if not data and self._worker.reads_cancelled:
            # A request that has arrived completely is still served.
            with trio.move_on_after(LAST_LOOK):
                data = await self._stream.receive_some(READ)
        if not self._buffer:
            self._since = trio.current_time()
        self._buffer += data
        return bool(data)

    async def _click(self, head: ParsedHead, body: bytes) -> bool:
        """Answer a click; return whether another request may follow."""
        park, slot = self._park, self._slot
        request_id = park.play.ids.choose(head.request.id)
        self._since = trio.current_time()
        outcome = await settle(park.play, head.request, slot.peer, body, self._since, slot.beyond)
        if not head.cached:
            park.secure_heads.keep(head)
        return await self._respond(head, outcome, request_id)

    async def _read(self, head: ParsedHead, resource: Resource) -> bool:
        """Answer a request for a resource; return whether another request may follow."""
        park, request = self._park, head.request
        self._since = trio.current_time()
        if not head.cached:
            park.secure_heads.keep_read(head)
        request_id = park.play.ids.choose(request.id)
        reply = peek(resource, request, self._slot.peer)
        if reply is None:
            reply = await answer(resource, head, self._slot.peer, request_id)
        # Decided by the same state as the head, because it may change during the send.
        more = not park.announces_close
        await send_all(self._stream, respond(park, head, reply, request_id, self._since))
        return more

    async def _stream_events(self, head: ParsedHead) -> bool:
        """Send an event stream to its end; return whether another request may follow."""
        park, slot = self._park, self._slot
        request_id = park.play.ids.choose(head.request.id)
        self._since = trio.current_time()
        answer = park.play.events(head.request, slot.peer, slot.beyond)
        if not isinstance(answer, Stream):
            return await self._respond(head, answer, request_id)
        park.play.access.answered(head, 200, request_id=request_id, since=self._since)
        whole = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wait_gone, nursery.cancel_scope)
            whole = await self._send_stream(park.answers.stream(request_id), EventStream(answer))
            nursery.cancel_scope.cancel()
        self._since = trio.current_time()
        return whole

    async def _send_stream(self, head: bytes, events: EventStream) -> bool:
        """Send the head of a response, and its body as it comes; return whether all was sent."""
        try:
            async with events:
                async for blocks in events:
                    await send_all(self._stream, head + chunk(blocks))
                    head = b""
            await send_all(self._stream, head + LAST_CHUNK)
        except GONE:
            return False  # the client resumes the stream
        return True

    async def _wait_gone(self, stream: trio.CancelScope) -> None:
        """Cancel a stream whose client disconnects; buffer pipelined bytes, within bounds."""
        with suppress(*GONE):
            while len(self._buffer) <= MAX_PIPELINED:
                data = await self._stream.receive_some(READ)
                if not data:
                    break
                self._buffer += data
        stream.cancel()

    async def _respond(self, head: ParsedHead, answer: Answer, request_id: str) -> bool:
        """Send a whole response; return whether another request may follow."""
        close = self._slot.beyond is not None
        data = self._park.answers.encode(answer, request_id, close=close)
        # Decided by the same state as the head, because it may change during the send.
        more = not self._park.announces_close and not close
        await send_all(self._stream, data)
        self._park.play.access.answered(
            head, answer.status, request_id=request_id, since=self._since, answer=data
        )
        return more
