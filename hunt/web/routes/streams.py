"""``GET /v1/hunts/{hunt}/events``: a player's rewards as they happen, and all that were missed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

import trio
from quart import Blueprint, Response
from quart.wrappers.response import DataBody, ResponseBody

from hunt.core import sse
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import Overloaded, TooFast
from hunt.play import endpoints, greeting
from hunt.service.subscriber import Frame, Mailbox, Subscription
from hunt.web import who
from hunt.web.asgi_http import empty

#: Frames that go out in one chunk, at most.
CHUNK_FRAMES = 64


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the route of event streams."""
    routes = Blueprint("streams", __name__)

    @routes.get("/v1/hunts/<hunt_id>/events")
    async def events(hunt_id: str) -> Response:
        serving = engine()
        asked = who.asked(hunt_id)
        try:
            hunt, subscription = endpoints.stream(serving, asked, who.peer(serving))
        except (Overloaded, TooFast) as refusal:
            pause = sse.pause(greeting.reconnect_ms(at_least=refusal.retry_after))
            return Response(pause, mimetype="text/event-stream", headers=endpoints.STREAM_HEADERS)
        if hunt.has_ended:
            return empty(204)  # the one answer after which a browser stays away
        body = EventStream(serving, hunt, subscription, asked.last_event_id)
        response = Response(body, mimetype="text/event-stream", headers=endpoints.STREAM_HEADERS)
        response.timeout = None  # Quart would end the stream after RESPONSE_TIMEOUT (TRAPS, Q4)
        return response

    return routes


def drop_body(response: Response) -> None:
    """Let the answer to a ``HEAD`` end with its headers, where the body is a stream.

    Hypercorn sends no body then, but the application would go on making one for ever.
    """
    if not isinstance(response.response, DataBody):
        response.set_data(b"")
        response.headers.pop("Content-Length", None)


class EventStream(ResponseBody):
    """A body that is subscribed for exactly as long as it is sent.

    Args:
        engine: Whose hub and log.
        hunt: That exists and is not over.
        subscription: What it receives.
        resume: The last event id that the client has, as it says; ignored for everybody's wins.
    """

    def __init__(
        self, engine: Engine, hunt: Hunt, subscription: Subscription, resume: str | None
    ) -> None:
        self._engine = engine
        self._hunt = hunt
        self._subscription = subscription
        self._resume = resume
        self._exits = ExitStack()
        self._mailbox: Mailbox | None = None
        self._started = False
        self._ended = False
        self._sent = 0  # seq of the last reward; what is live and not newer was replayed

    async def __aenter__(self) -> Self:
        """Subscribe; from here on nothing is missed."""
        settings = self._engine.settings
        try:
            self._mailbox = self._exits.enter_context(
                self._engine.hub.subscribe(
                    self._subscription, buffer=settings.stream_buffer, transport="sse"
                )
            )
        except Overloaded:
            self._mailbox = None
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Unsubscribe."""
        self._exits.close()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk, of whole blocks."""
        if self._ended:
            raise StopAsyncIteration
        if self._mailbox is None:
            self._ended = True
            return sse.pause(greeting.reconnect_ms())
        if not self._started:
            self._started = True
            return await self._begin()
        return await self._next(self._mailbox)

    async def _begin(self) -> bytes:
        """Return the greeting, and what the client has missed."""
        player = self._subscription.player
        if self._resume is None or player is None:
            begin = greeting.hello(self._engine, self._hunt)
        else:
            begin = await greeting.resumed(self._engine, self._hunt, player, self._resume)
        self._sent, self._ended = begin.sent, begin.ends
        return begin.blocks

    async def _next(self, mailbox: Mailbox) -> bytes:
        """Return what came, a heartbeat after silence, or the farewell."""
        with trio.move_on_after(self._engine.settings.heartbeat):
            try:
                while True:
                    chunk = self._gather(await mailbox.receive(), mailbox)
                    if chunk:
                        return chunk
            except trio.EndOfChannel:
                self._ended = True
                last = greeting.farewell(mailbox.reason)
                if last:
                    return last
                raise StopAsyncIteration from None
        return sse.HEARTBEAT

    def _gather(self, first: Frame, mailbox: Mailbox) -> bytes:
        """Return what waits as one chunk, without what was replayed already."""
        try:
            frames = mailbox.gather(first, after=self._sent, most=CHUNK_FRAMES)
        except trio.WouldBlock:  # all of it was replayed
            return b""
        now = trio.current_time()
        for frame in frames:
            self._sent = max(self._sent, frame.seq)
            self._engine.metrics.delivered(now - frame.since)
        return b"".join(frame.sse for frame in frames)

    async def convert_to_sequence(self) -> bytes:
        """Refuse: a stream has no end to wait for."""
        raise TypeError("an event stream cannot be read as a whole")

    async def make_conditional(
        self, begin: int, end: int | None, max_partial_size: int | None = None
    ) -> int:
        """Refuse: a stream has no ranges."""
        raise TypeError("an event stream has no ranges")
