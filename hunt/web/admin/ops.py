"""``/ops/samples``: how this process is doing, second by second, and its siblings beside it.

Nothing here asks the database: it is read when the database is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from typing import Self

from quart import Blueprint, Response, request
from quart.wrappers.response import ResponseBody

from hunt.core import sse
from hunt.core.tokens import Identity
from hunt.core.wire import encode
from hunt.engine import VERSION, Engine
from hunt.errors import Overloaded
from hunt.metrics.sample_buffer import KEPT
from hunt.play import contract
from hunt.web import who
from hunt.web.admin import access, siblings

#: no sample for longer.
PATIENCE = 0.5

#: Hunts that are listed, at most; those that are not over go first.
HUNTS = 100


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of live operations."""
    routes = access.restricted("ops", engine, prefix="/ops", bound={"samples", "newest"})

    @routes.get("/samples")
    async def samples() -> Response:
        serving = engine()
        authorization = request.headers["Authorization"]
        identity = who.operator_identity(serving)
        body = SampleStream(
            serving,
            authorization=authorization,
            identity=identity,
            resume=request.headers.get("Last-Event-ID"),
        )
        response = Response(body, mimetype="text/event-stream", headers=contract.STREAM_HEADERS)
        response.timeout = None  # as of `hunt.web.routes.streams`
        return response

    @routes.get("/sample")
    async def newest() -> Response:
        sample = engine().telemetry.samples.newest
        if sample is None:
            raise Overloaded("there is no sample yet", retry_after=1)
        return Response(encode(sample), mimetype="application/json")

    return routes


class SampleStream(ResponseBody):
    """A body that is counted among the watchers for exactly as long as it is sent.

    Args:
        engine: Whose samples.
        authorization: The operator's, to ask the siblings with.
        identity: The operator's; the stream ends when their token is not valid any more.
        resume: The last event id that the client has, as it says.
    """

    def __init__(
        self, engine: Engine, *, authorization: str, identity: Identity, resume: str | None
    ) -> None:
        self._engine = engine
        self._authorization = authorization
        self._identity = identity
        self._sent = engine.telemetry.samples.known(resume)
        self._started = self._ended = False
        self._hunts = b""  # as they were sent last
        self._exits = ExitStack()

    async def __aenter__(self) -> Self:
        """Take a place among the watchers."""
        try:
            self._exits.enter_context(self._engine.telemetry.samples.watching())
        except Overloaded:
            self._ended = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Give it back."""
        self._exits.close()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk, of whole blocks."""
        samples = self._engine.telemetry.samples
        if self._ended and self._started:
            raise StopAsyncIteration
        if self._ended:
            self._started = True
            return sse.pause(self._engine.play.streams.reconnect.ms())
        greeted = b"" if self._started else _hello(self._engine)
        if self._started:
            await samples.wait_newer(self._sent)
        self._started = True
        blocks = samples.after(self._sent)
        self._sent = samples.seq
        if samples.ended:
            self._ended = True
            return greeted + blocks + sse.drain(self._engine.play.streams.reconnect.ms())
        if not self._engine.tokens.hold(self._identity):
            self._ended = True
            return greeted + blocks + sse.pause(sse.RETRY_MS)
        return greeted + self._changed_hunts() + blocks + await self._processes()

    def _changed_hunts(self) -> bytes:
        hunts = _hunts(self._engine, self._identity.hunts)
        if hunts == self._hunts:
            return b""
        self._hunts = hunts
        return sse.frame(event="hunts", data=hunts)

    async def _processes(self) -> bytes:
        """Return the newest sample of each process of this server, this one's first."""
        own, paths = self._engine.telemetry.samples.newest, self._engine.operations.host.siblings()
        answers: Sequence[bytes] = ()
        if paths:
            answers = await siblings.get(
                paths, "/ops/sample", authorization=self._authorization, timeout=PATIENCE
            )
        known = [*([encode(own)] if own is not None else []), *answers]
        silent = len(paths) - len(answers)
        data = b'{"processes":[%b],"silent":%d}' % (b",".join(known), silent)
        return sse.frame(event="processes", data=data)

    async def convert_to_sequence(self) -> bytes:
        """Refuse: a stream has no end to wait for."""
        raise TypeError("an event stream cannot be read as a whole")

    async def make_conditional(
        self, begin: int, end: int | None, max_partial_size: int | None = None
    ) -> int:
        """Refuse: a stream has no ranges."""
        raise TypeError("an event stream has no ranges")


def _hello(engine: Engine) -> bytes:
    settings = engine.settings
    hello = {
        "version": VERSION,
        "kept": KEPT,
        "queue_size": settings.queue_size,
        "pool_size": settings.pool_size,
        "breaker": {
            "slow": settings.breaker_slow,
            "limits": {
                "slow": engine.commits.breaker.batches,
                "timeout": engine.commits.breaker.timeouts,
                "unavailable": engine.commits.breaker.failures,
            },
        },
    }
    return sse.pause(sse.RETRY_MS) + sse.frame(event="hello", data=encode(hello))


def _hunts(engine: Engine, allowed: Collection[str] | None) -> bytes:
    shown = [
        {
            "id": hunt.id,
            "title": hunt.definition.title,
            "state": hunt.phase(engine.catalogue.now()),
            "deletable": hunt.last_seq == 0,
        }
        for hunt in engine.hunts.values()
        if allowed is None or hunt.id in allowed
    ]
    shown.sort(key=lambda hunt: (hunt["state"] == "closed", hunt["id"]))
    return encode({"hunts": shown[:HUNTS], "more": max(len(shown) - HUNTS, 0)})
