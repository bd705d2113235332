"""The requests of one HTTP/2 connection in the fast lane: decided and answered without Quart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import trio
from msgspec import Struct

from hunt.core.events import Outcome
from hunt.edge import transcoding
from hunt.edge.admission import Slot
from hunt.edge.head import HeadCache, ParsedHead
from hunt.edge.park import Park
from hunt.edge.reads import answer, respond
from hunt.play.answers import Answer
from hunt.play.event_stream import EventStream
from hunt.play.resources import Resource, peek
from hunt.play.stream import Stream


class Client(Protocol):
    """The connection to the client; it ignores data for a stream that the client has reset."""

    def respond(self, stream_id: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Queue a whole response; it is sent soon."""

    def begin(self, stream_id: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Queue the head of a response; it is sent with the first part of its body."""

    async def send_part(self, stream_id: int, data: bytes) -> bool:
        """Send a part of a body; return False if the client does not take it in time."""

    async def end(self, stream_id: int) -> None:
        """End a response."""

    def spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a task that ends with the connection."""

    def fail(self, error: Exception) -> None:
        """End the connection because of an error."""


class _Exchange(Struct):
    """A request and the state of its answer."""

    head: ParsedHead
    body: bytes = b""
    request_id: str = ""
    since: float = 0.0  #: Trio's time in seconds at which the request was complete
    stream: trio.CancelScope | None = None  #: scope of the task that sends an event stream


class Exchanges:
    """Serves a connection's requests of the fast lane, each on a stream of its own.

    The decisions and answers are those of the park: the head of a request is converted to
    HTTP/1.1, and an answer of HTTP/1.1 to frames.  A click needs no task; its lane answers it.

    Args:
        park: Provides the play API, the caches of heads, and the answers.
        slot: The connection's slot in the limits.
        client: Sends the answers.
        secure: Whether the connection uses TLS.
    """

    def __init__(self, park: Park, slot: Slot, client: Client, *, secure: bool) -> None:
        self._park = park
        self._slot = slot
        self._client = client
        self._heads: HeadCache = park.secure_heads if secure else park.heads
        self._open: dict[int, _Exchange] = {}  # by stream
        self._unanswered: set[int] = set()  # complete requests
        self._answered = trio.Event()  # set whenever the last of them is answered
        self.last = trio.current_time()  #: time of the last answer, or of the connection's start

    def __contains__(self, stream_id: object) -> bool:
        """Return whether a stream's request is open here."""
        return stream_id in self._open

    @property
    def busy(self) -> bool:
        """Whether a complete request waits for its answer, or an event stream is open."""
        return bool(self._unanswered)

    async def wait_answered(self) -> None:
        """Return once no complete request waits for its answer."""
        while self._unanswered:
            self._answered = trio.Event()
            await self._answered.wait()

    def begin(self, stream_id: int, headers: list[tuple[bytes, bytes]]) -> bool:
        """Take the head of a request; return False if Hypercorn must serve it."""
        if self._slot.beyond is not None:
            return False
        raw = transcoding.request_head(headers)
        head = None if raw is None else self._heads.find(raw)
        if head is None:
            return False
        self._open[stream_id] = _Exchange(head)
        return True

    def receive(self, stream_id: int, data: bytes) -> None:
        """Take a part of a body; h2 compares its length with ``Content-Length``."""
        exchange = self._open[stream_id]
        exchange.body = exchange.body + data if exchange.body else data

    def complete(self, stream_id: int) -> None:
        """Serve a request that has arrived completely."""
        exchange, park = self._open[stream_id], self._park
        head = exchange.head
        self._unanswered.add(stream_id)
        exchange.request_id = park.play.ids.choose(head.request.id)
        exchange.since = trio.current_time()
        if head.resource is not None:
            self._read(stream_id, exchange, head.resource)
        elif head.length is None:
            self._stream(stream_id, exchange)
        else:
            self._click(stream_id, exchange)

    def drop(self, stream_id: int) -> None:
        """Forget a stream that the client has reset; its click may still count."""
        exchange = self._open[stream_id]
        if exchange.stream is not None:
            exchange.stream.cancel()
        self._forget(stream_id)

    def drop_all(self) -> None:
        """Forget all streams, because the connection has ended."""
        for stream_id in list(self._open):
            self.drop(stream_id)

    def _click(self, stream_id: int, exchange: _Exchange) -> None:
        park, head = self._park, exchange.head
        refusal = park.play.click(
            head.request, self._slot.peer, exchange.body,
            partial(self._settled, stream_id, exchange), exchange.since,
        )  # fmt: skip
        if not head.cached:
            self._heads.keep(head)
        if refusal is not None:
            self._answer(stream_id, exchange, refusal)

    def _settled(self, stream_id: int, exchange: _Exchange, outcome: Outcome) -> None:
        """Answer a click; a failure ends this connection only."""
        try:
            self._answer(stream_id, exchange, outcome)
        except Exception as exc:
            # Broad on purpose: the other clicks of the batch must get their answers.
            self._client.fail(exc)

    def _answer(self, stream_id: int, exchange: _Exchange, found: Answer) -> None:
        """Send a whole answer, unless the client has reset the stream, and log it."""
        park, head = self._park, exchange.head
        data = park.answers.encode(found, exchange.request_id)
        self._respond(stream_id, data)
        park.play.access.answered(
            head, found.status, request_id=exchange.request_id, since=exchange.since, answer=data
        )

    def _read(self, stream_id: int, exchange: _Exchange, resource: Resource) -> None:
        """Answer a request for a resource from memory; else a task answers it."""
        head = exchange.head
        if not head.cached:
            self._heads.keep_read(head)
        reply = peek(resource, head.request, self._slot.peer)
        if reply is None:
            self._client.spawn(partial(self._read_later, stream_id, exchange, resource))
        else:
            data = respond(self._park, head, reply, exchange.request_id, exchange.since)
            self._respond(stream_id, data)

    async def _read_later(self, stream_id: int, exchange: _Exchange, resource: Resource) -> None:
        """Answer a request for a resource that is not in memory."""
        head, request_id = exchange.head, exchange.request_id
        reply = await answer(resource, head, self._slot.peer, request_id)
        self._respond(stream_id, respond(self._park, head, reply, request_id, exchange.since))

    def _respond(self, stream_id: int, data: bytes) -> None:
        """Send a whole response of HTTP/1.1, unless the client has reset the stream."""
        if stream_id in self._open:
            self._client.respond(stream_id, *transcoding.response(data))
            self._forget(stream_id)

    def _forget(self, stream_id: int) -> None:
        del self._open[stream_id]
        self._unanswered.discard(stream_id)
        self.last = trio.current_time()
        if not self._unanswered:
            self._answered.set()

    def _stream(self, stream_id: int, exchange: _Exchange) -> None:
        """Answer a request for an event stream."""
        park, head = self._park, exchange.head
        found = park.play.events(head.request, self._slot.peer)
        if not isinstance(found, Stream):
            self._answer(stream_id, exchange, found)
            return
        park.play.access.answered(head, 200, request_id=exchange.request_id, since=exchange.since)
        exchange.stream = trio.CancelScope()
        self._client.spawn(partial(self._send_stream, stream_id, exchange, exchange.stream, found))

    async def _send_stream(
        self, stream_id: int, exchange: _Exchange, scope: trio.CancelScope, stream: Stream
    ) -> None:
        """Send an event stream, until it ends or the client resets it."""
        headers, _ = transcoding.response(self._park.answers.stream(exchange.request_id))
        with scope:
            self._client.begin(stream_id, headers)
            async with EventStream(stream) as events:
                async for blocks in events:
                    if not await self._client.send_part(stream_id, blocks):
                        break
            await self._client.end(stream_id)
        if stream_id in self._open:
            self._forget(stream_id)
