"""The access log, which also counts every request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

import structlog
from msgspec import Struct

from hunt.core.trace_context import TraceContext
from hunt.play import contract
from hunt.service.tracing import Tracer
from hunt.settings import Settings

log = structlog.get_logger("hunt.access")

#: Methods of clicks, which are sampled, by route; a click over a WebSocket has no method.
_SAMPLED = {contract.CLICKS: "POST", contract.SOCKET: "CLICK"}


class Logged(Protocol):
    """A request, as the access log names it."""

    @property
    def method(self) -> str:
        """HTTP method; ``CLICK`` for a click over a WebSocket."""

    @property
    def route(self) -> str:
        """Template of the path, without its values."""

    @property
    def trace(self) -> TraceContext | None:
        """The trace of the request; None without one."""


class LoggedRequest(Struct, frozen=True):
    """See `Logged`."""

    method: str
    route: str
    trace: TraceContext | None = None


class AccessLog:
    """Log answered requests at level `info`; no line contains a player, a query or a body.

    Clicks are sampled, because a line costs as much as a click.  At level `debug` every
    click is logged.  Every request is counted, logged or not.

    Args:
        settings: Whether there is an access log, and how many clicks one line stands for.
        clock: Monotonic time, in seconds.
        requests: Counts all requests, by route template and status.
        tracer: Exports the spans of requests other than clicks; None: there are no spans.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float],
        requests: Counter[tuple[str, int]],
        tracer: Tracer | None = None,
    ) -> None:
        self.on = settings.access_log and settings.log_level in {"debug", "info"}  #: writes lines
        self._every = 1 if settings.log_level == "debug" else settings.access_log_clicks
        self._left = 1  # clicks up to and including the next one that is logged
        self._clock = clock
        self._requests = requests
        self._tracer = tracer
        #: Nothing is logged or exported, so `count` does all that `answered` does.
        self.only_counts = not self.on and tracer is None

    def count(self, route: str, status: int) -> None:
        """Count an answered request."""
        self._requests[route, status] += 1

    def answered(
        self,
        request: Logged,
        status: int,
        *,
        request_id: str,
        since: float,
        answer: bytes | None = None,
        size: int | None = None,
    ) -> None:
        """Count an answered request and log it; log only one click in `HUNT_ACCESS_LOG_CLICKS`.

        Args:
            request: The request.
            status: HTTP status of the answer.
            request_id: Id in the head of the answer; over a WebSocket that of the handshake.
            since: Monotonic time, in seconds, when the request arrived.
            answer: The whole answer: a body, or an HTTP/1.1 head and body.
            size: Bytes of the body, instead of `answer`; None if unknown, as for a stream.
        """
        route = request.route
        self.count(route, status)
        if self._tracer is not None and request.trace is not None:
            self._export(self._tracer, request.method, route, status, request.trace, since)
        if not self.on:
            return
        method = request.method
        if _SAMPLED.get(route) == method:
            self._left -= 1
            if self._left:
                return
            self._left = self._every
        if answer is not None:
            head, blank, body = answer.partition(b"\r\n\r\n")
            size = len(body) if blank else len(head)
        known: dict[str, object] = {} if size is None else {"bytes": size}
        trace = request.trace
        if trace is not None:
            known |= {"trace_id": trace.trace_id, "parent_id": trace.parent_id}
        log.info(
            "request answered",
            method=method,
            route=route,
            status=status,
            **known,
            seconds=round(self._clock() - since, 6),
            request_id=request_id,
        )

    @staticmethod
    def _export(
        tracer: Tracer, method: str, route: str, status: int, trace: TraceContext, since: float
    ) -> None:
        """Export the span of a request; that of a click ends with its outcome (`Play.click`)."""
        if trace.sampled and _SAMPLED.get(route) != method:
            tracer.begin(f"{method} {route}", trace, since).end(status)
