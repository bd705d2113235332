"""``GET /v1/hunts/{hunt}/events``: a player's rewards as they happen, and all that were missed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Self

import structlog
import trio
from quart import Blueprint, Response, request
from quart.wrappers.response import ResponseBody

from hunt.core import sse
from hunt.core.events import Reward
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import InvalidRequest, Overloaded, StoreError
from hunt.service.hub import Frame, Mailbox
from hunt.web import who
from hunt.web.asgi_http import empty

#: Milliseconds within which clients that were sent away come back.
RECONNECT_MS = (1000, 5000)

#: Frames that go out in one chunk, at most.
CHUNK_FRAMES = 64

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

log = structlog.get_logger("hunt.web")


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the route of event streams."""
    routes = Blueprint("streams", __name__)

    @routes.get("/v1/hunts/<hunt_id>/events")
    async def events(hunt_id: str) -> Response:
        serving = engine()
        identity = who.player(serving, ticket=True)
        hunt = who.hunt_of(serving, identity, hunt_id)
        scope = request.args.get("scope", "own")
        if scope not in {"own", "all"}:
            raise InvalidRequest(
                "the query is not valid", errors={"scope": "must be all, or absent"}
            )
        if hunt.is_over(serving.now()):
            return empty(204)  # the one answer after which a browser stays away
        resume = (
            request.headers.get("Last-Event-ID")
            or request.args.get("last_event_id")
            or request.args.get("lastEventId")
        )
        player = None if scope == "all" else identity.player
        body = EventStream(serving, hunt, player, resume if player else None)
        response = Response(body, mimetype="text/event-stream", headers=HEADERS)
        response.timeout = None  # Quart would end the stream after RESPONSE_TIMEOUT (TRAPS, Q4)
        return response

    return routes


class EventStream(ResponseBody):
    """A body that is subscribed for exactly as long as it is sent.

    Temporary trouble is no error here, because a browser would give up for good:
    the stream says when to come back, and ends.

    Args:
        engine: Whose hub and log.
        hunt: That exists and is not over.
        player: Whose rewards; None for everybody's wins.
        resume: The last event id that the client has, as it says.
    """

    def __init__(self, engine: Engine, hunt: Hunt, player: str | None, resume: str | None) -> None:
        self._engine = engine
        self._hunt = hunt
        self._player = player
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
                    self._hunt.id, self._player, buffer=settings.stream_buffer, transport="sse"
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
            return sse.pause(reconnect_ms())
        if not self._started:
            self._started = True
            return await self._begin()
        return await self._next(self._mailbox)

    async def _begin(self) -> bytes:
        """Return the greeting, and what the client has missed."""
        tail, hunt = self._engine.tail, self._hunt
        seq = tail.position(hunt.id)
        if self._resume is None or self._player is None:
            self._sent = seq
            return sse.hello(hunt.id, hunt.epoch, seq, resumed=False)
        try:
            after = sse.parse_event_id(self._resume, hunt.epoch)
            missed = await self._missed(after)
        except ValueError as exc:
            self._sent = seq
            return sse.hello(hunt.id, hunt.epoch, seq, resumed=False) + sse.reset(str(exc))
        except StoreError as exc:
            log.warning("a stream could not be resumed", error=str(exc))
            self._ended = True
            return sse.pause(reconnect_ms())
        self._sent = missed[-1].seq if missed else after
        hello = sse.hello(hunt.id, hunt.epoch, seq, resumed=True)
        return hello + b"".join(sse.reward(hunt.epoch, reward) for reward in missed)

    async def _missed(self, after: int) -> Sequence[Reward]:
        """Return the player's rewards with seq > `after`, which must be of this log.

        Raises:
            ValueError: They cannot be given; with the reason.
            StoreError: They cannot be read now.
        """
        engine, hunt = self._engine, self._hunt
        limit = engine.settings.replay_limit
        assert self._player is not None
        async with engine.replays:
            if after > engine.tail.position(hunt.id):
                # Perhaps from a process that is ahead of this one; the table knows.
                last = (await engine.log.last()).get(hunt.id, 0)
                if after > last:
                    raise ValueError("ahead of the log")
            missed = await engine.log.history(hunt.id, self._player, after, limit + 1)
        if len(missed) > limit:
            raise ValueError("too far behind")
        return missed

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
                if mailbox.reason == "drain":
                    return sse.drain(reconnect_ms())
                if mailbox.reason == "over":
                    return sse.pause(reconnect_ms())
                raise StopAsyncIteration from None  # it was slow: it resumes
        return sse.HEARTBEAT

    def _gather(self, first: Frame, mailbox: Mailbox) -> bytes:
        """Return what waits as one chunk, without what was replayed already."""
        blocks = []
        frame: Frame | None = first
        while frame is not None:
            if frame.kind == "wins" or frame.seq > self._sent:
                self._sent = max(self._sent, frame.seq)
                blocks.append(frame.sse)
                self._engine.metrics.delivered(trio.current_time() - frame.since)
            try:
                frame = mailbox.receive_nowait() if len(blocks) < CHUNK_FRAMES else None
            except (trio.WouldBlock, trio.EndOfChannel):
                frame = None
        return b"".join(blocks)

    async def convert_to_sequence(self) -> bytes:
        """Refuse: a stream has no end to wait for."""
        raise TypeError("an event stream cannot be read as a whole")

    async def make_conditional(
        self, begin: int, end: int | None, max_partial_size: int | None = None
    ) -> int:
        """Refuse: a stream has no ranges."""
        raise TypeError("an event stream has no ranges")


def reconnect_ms() -> int:
    """Return when a client shall come back: jittered, so that they do not come at once."""
    return random.randint(*RECONNECT_MS)
