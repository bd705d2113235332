"""One connection over TLS: decided as in the park, in a task of its own.

What is encrypted cannot be parked: its answers need a turn of OpenSSL, and its reads
may need a write. So it is always awake, and what the park does by hand is done here by
awaiting. Requests, decisions and answers are the same functions.
"""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

import trio

from hunt.core import sse
from hunt.edge.access import log_request
from hunt.edge.admission import Slot
from hunt.edge.answers import LAST_CHUNK, chunk
from hunt.edge.fastlane import MAX_PIPELINED, READ
from hunt.edge.park import HEAD_TIMEOUT, IDLE_TIMEOUT, Park
from hunt.edge.refusal import overloaded, pause
from hunt.edge.request import Request, may_be_hot
from hunt.edge.sending import send_all
from hunt.edge.worker import Worker
from hunt.errors import Overloaded, Refused, TooFast
from hunt.play import endpoints, greeting
from hunt.web import problems
from hunt.web.routes.clicks import settle
from hunt.web.routes.streams import EventStream

#: Seconds for a last look, when the worker stops, at what has come.
LAST_LOOK = 0.05

#: What ends a connection without a word.
GONE = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


class Secure:
    """Serves the hot requests of a connection, one after the other.

    Args:
        worker: Ends a connection that waits for a request, when it stops.
        park: Whose engine decides, and whose heads and answers are used.
        stream: To the client, who has shaken hands.
        slot: Its place in the limits.
    """

    def __init__(self, worker: Worker, park: Park, stream: trio.abc.Stream, slot: Slot) -> None:
        self._worker = worker
        self._park = park
        self._stream = stream
        self._slot = slot
        self.idle: float | None = None  #: since when it waits for the client
        self._buffer = b""
        self._since = 0.0  # of the last request, or of the first byte of this one

    async def serve(self, received: bytes) -> bytes | None:
        """Serve until a request is not hot; return what was read of it.

        Args:
            received: What was read already.

        Returns:
            Bytes that are for Hypercorn; None where the connection is at its end.
        """
        self._buffer, self._since = received, trio.current_time()
        try:
            while True:
                if not self._buffer and not await self._more():
                    return None
                size = self._buffer.find(b"\r\n\r\n") + 4
                if size < 4:
                    if not may_be_hot(self._buffer):
                        return self._buffer
                    if not await self._more():
                        return None
                    continue
                request = self._park.secure_heads.read(self._buffer[:size])
                if request is None or (request.length is None and len(self._buffer) > size):
                    return self._buffer
                if request.length is None:
                    self._buffer = b""
                    if not await self._stream_events(request):
                        return None
                    continue
                while len(self._buffer) < size + request.length:
                    if not await self._more():
                        return None
                body = self._buffer[size : size + request.length]
                self._buffer = self._buffer[size + request.length :]
                if not await self._click(request, body):
                    return None
        except GONE:
            return None

    async def _more(self) -> bool:
        """Read; return False at the end, and where nothing comes in time."""
        limit = HEAD_TIMEOUT if self._buffer else IDLE_TIMEOUT
        data: bytes | bytearray = b""
        self.idle = self._since
        with self._worker.cancellable_read() as scope:
            scope.deadline = self._since + limit
            data = await self._stream.receive_some(READ)
        self.idle = None
        if not data and self._worker.reads_cancelled:
            # What has come already is served, where all of it has.
            with trio.move_on_after(LAST_LOOK):
                data = await self._stream.receive_some(READ)
        if not self._buffer:
            self._since = trio.current_time()
        self._buffer += data
        return bool(data)

    async def _click(self, request: Request, body: bytes) -> bool:
        """Answer a click; return whether another request may follow."""
        request_id = endpoints.request_id(request.id)
        self._since = trio.current_time()
        try:
            if self._slot.beyond is not None:
                raise overloaded(self._slot)
            standing = request.standing_now(self._park.engine, self._park.secure_heads)
            settlement = await settle(self._park.engine, standing, self._slot.peer, body)
        except Refused as refusal:
            return await self._refuse(request, refusal, request_id)
        answer = self._park.answers.settled(settlement, request_id)
        return await self._answer(request, answer, HTTPStatus.OK, request_id)

    async def _stream_events(self, request: Request) -> bool:
        """Send a stream to its end; return whether another request may follow."""
        request_id = endpoints.request_id(request.id)
        self._since = trio.current_time()
        engine, answers = self._park.engine, self._park.answers
        if self._slot.beyond is not None:
            answer = answers.paused(pause(), request_id, close=True)
            return await self._answer(request, answer, HTTPStatus.OK, request_id)
        try:
            hunt, subscription = endpoints.stream(engine, request.asked, self._slot.peer)
        except (Overloaded, TooFast) as refusal:
            again = sse.pause(greeting.reconnect_ms(at_least=refusal.retry_after))
            answer = answers.paused(again, request_id)
            return await self._answer(request, answer, HTTPStatus.OK, request_id)
        except Refused as refusal:
            return await self._refuse(request, refusal, request_id)
        if hunt.has_ended:
            answer = answers.over(request_id)
            return await self._answer(request, answer, HTTPStatus.NO_CONTENT, request_id)
        self._log(request, HTTPStatus.OK, request_id)
        events = EventStream(engine, hunt, subscription, request.asked.last_event_id)
        whole = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wait_gone, nursery.cancel_scope)
            whole = await self._pour(answers.stream(request_id), events)
            nursery.cancel_scope.cancel()
        self._since = trio.current_time()
        return whole

    async def _pour(self, head: bytes, events: EventStream) -> bool:
        """Send the head of a response, and its body as it comes; return whether all was sent."""
        try:
            async with events:
                async for blocks in events:
                    await send_all(self._stream, head + chunk(blocks))
                    head = b""
            await send_all(self._stream, head + LAST_CHUNK)
        except GONE:
            return False  # the client comes back with what it has seen
        return True

    async def _wait_gone(self, stream: trio.CancelScope) -> None:
        """End a stream whose client leaves; what it sends meanwhile waits, within bounds."""
        with suppress(*GONE):
            while len(self._buffer) <= MAX_PIPELINED:
                data = await self._stream.receive_some(READ)
                if not data:
                    break
                self._buffer += data
        stream.cancel()

    async def _refuse(self, request: Request, refusal: Refused, request_id: str) -> bool:
        """Say no; return whether another request may follow."""
        problem = problems.refused(refusal)
        close = self._slot.beyond is not None
        answer = self._park.answers.problem(problem, request_id, close=close)
        return await self._answer(request, answer, problem.status, request_id)

    async def _answer(self, request: Request, answer: bytes, status: int, request_id: str) -> bool:
        """Send a response that was made just now; return whether another request may follow."""
        # As its head says; it may change while this is sent.
        more = not self._park.announces_close and self._slot.beyond is None
        await send_all(self._stream, answer)
        self._log(request, status, request_id, answer)
        return more

    def _log(
        self, request: Request, status: int, request_id: str, answer: bytes | None = None
    ) -> None:
        log_request(self._park.access, request, status, request_id, self._since, answer)
