"""Traced clicks: those whose request names a trace that its client records.

Other clicks pass through nothing of this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from hunt.core.events import Outcome
from hunt.core.trace_context import TraceContext
from hunt.service.lane import Waiting

log = structlog.get_logger("hunt.trace")


def ignore(outcome: Outcome) -> None:
    """Do nothing with an outcome."""


class Span(Protocol):
    """A span that has begun."""

    def inside(
        self, name: str, since: float, until: float, attributes: Mapping[str, str | int]
    ) -> None:
        """Export a span inside this one; monotonic times, in seconds."""

    def end(self, status: int) -> None:
        """End the span now, with the HTTP status of the answer."""


class Tracer(Protocol):
    """Exports spans, as `hunt.metrics.spans.Spans`; its methods must not block or raise."""

    def begin(self, name: str, context: TraceContext, since: float) -> Span:
        """Begin the span of a request.

        Args:
            name: Method and route.
            context: The client's, which is recorded.
            since: Monotonic time, in seconds, when the request arrived.
        """


class TracedClick:
    """The callback of a traced click, which its lane carries: delivers the outcome.

    Args:
        settled: The callback of the transport.
        context: The trace of the click.
        span: The span of its request; None where no spans are exported.
    """

    __slots__ = ("context", "settled", "span")

    def __init__(
        self, settled: Callable[[Outcome], None], context: TraceContext, span: Span | None
    ) -> None:
        self.settled = settled
        self.context = context
        self.span = span

    def __call__(self, outcome: Outcome) -> None:
        """Deliver the outcome, and end the span of the request."""
        self.settled(outcome)
        self.end(outcome)

    def end(self, outcome: Outcome) -> None:
        """End the span of the request."""
        if self.span is not None:
            self.span.end(outcome.status)


class ClickTracing:
    """Begins and follows traced clicks.

    Args:
        tracer: Exports spans; None: traced clicks are only logged, at level `debug`.
    """

    def __init__(self, tracer: Tracer | None) -> None:
        self.tracer = tracer

    def begin(
        self, name: str, context: TraceContext, settled: Callable[[Outcome], None], since: float
    ) -> TracedClick:
        """Return the callback to put into the lane instead of `settled`."""
        span = None
        if self.tracer is not None and context.sampled:
            span = self.tracer.begin(name, context, since)
        return TracedClick(settled, context, span)

    def settled(
        self,
        hunt: str,
        batch: Sequence[Waiting],
        outcomes: Sequence[Outcome],
        times: tuple[float, float] | None,
    ) -> None:
        """Log the traced clicks of a batch, and export their time in lane and commit.

        Args:
            hunt: Id of the hunt.
            batch: The clicks.
            outcomes: Their outcomes, in the same order.
            times: Start and end of the commit; None where there was none.
        """
        for waiting, outcome in zip(batch, outcomes, strict=True):
            click = waiting.settled
            if not isinstance(click, TracedClick):
                continue
            fields = {} if times is None else {"commit": round(times[1] - times[0], 6)}
            log.debug(
                "click settled",
                hunt=hunt,
                status=outcome.status,
                trace_id=click.context.trace_id,
                parent_id=click.context.parent_id,
                **fields,
            )
            if click.span is not None and times is not None:
                started, ended = times
                click.span.inside("lane", waiting.since, started, {"hunt.id": hunt})
                about: dict[str, str | int] = {"hunt.id": hunt, "hunt.batch.rows": len(batch)}
                click.span.inside("commit", started, ended, about)
