"""Export of spans with OpenTelemetry, by OTLP over HTTP; needs the extra ``otel``."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import trio

from hunt.core.trace_context import TraceContext
from hunt.errors import SettingsError
from hunt.logs import FaultLog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span as OtelSpan

#: Seconds that the end of a process waits for the export of its last spans.
FLUSH_TIMEOUT = 2.0

#: Seconds of one request to the collector.
EXPORT_TIMEOUT = 5.0

_NO_PACKAGE = "the package opentelemetry is missing: pip install 'hunt-server[otel]'"

faults = FaultLog("hunt.trace")


class RequestSpan:
    """The span of a request; see `hunt.service.tracing.Span`."""

    __slots__ = ("_spans", "otel")

    def __init__(self, otel: OtelSpan, spans: Spans) -> None:
        self.otel = otel
        self._spans = spans

    def inside(
        self, name: str, since: float, until: float, attributes: Mapping[str, str | int]
    ) -> None:
        """Export a span inside this one."""
        self._spans.export(self.otel, name, since, until, attributes)

    def end(self, status: int) -> None:
        """End the span; a status from 500 on is an error of the server."""
        from opentelemetry.trace import StatusCode

        self.otel.set_attribute("http.response.status_code", status)
        if status >= 500:
            self.otel.set_status(StatusCode.ERROR)
        self.otel.end(self._spans.now())


class Spans:
    """Makes spans for requests that a client traces; see `hunt.service.tracing.Tracer`.

    hunt continues the traces that a client records, and begins none itself.

    Args:
        processor: Takes ended spans.
        version: The release of hunt.
        clock: Monotonic time, in seconds, as of the times of spans.
        wall: Unix time, in nanoseconds.
    """

    def __init__(
        self,
        processor: SpanProcessor,
        *,
        version: str,
        clock: Callable[[], float],
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        about: dict[str, Any] = {
            "service.name": os.environ.get("OTEL_SERVICE_NAME", "hunt"),
            "service.version": version,
            "process.pid": os.getpid(),
        }
        self.provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        self.provider.add_span_processor(processor)
        self._tracer = self.provider.get_tracer("hunt", version)
        self._clock = clock
        self._wall = wall

    def begin(self, name: str, context: TraceContext, since: float) -> RequestSpan:
        """Begin the span of a request."""
        from opentelemetry import trace

        remote = trace.SpanContext(
            int(context.trace_id, 16),
            int(context.parent_id, 16),
            is_remote=True,
            trace_flags=trace.TraceFlags(context.sampled),
            trace_state=trace.TraceState.from_header([context.state]),
        )
        method, _, route = name.partition(" ")
        span = self._tracer.start_span(
            name,
            trace.set_span_in_context(trace.NonRecordingSpan(remote)),
            trace.SpanKind.SERVER,
            {"http.request.method": method, "http.route": route},
            start_time=self._unix(since),
        )
        return RequestSpan(span, self)

    def export(
        self,
        parent: OtelSpan,
        name: str,
        since: float,
        until: float,
        attributes: Mapping[str, str | int],
    ) -> None:
        """Export a span inside another one."""
        from opentelemetry import trace

        above = trace.set_span_in_context(parent)
        span = self._tracer.start_span(
            name, above, attributes=dict(attributes), start_time=self._unix(since)
        )
        span.end(self._unix(until))

    def now(self) -> int:
        """Return the Unix time, in nanoseconds."""
        return self._wall()

    def _unix(self, moment: float) -> int:
        """Return a monotonic time as Unix time, in nanoseconds."""
        return self._wall() - round((self._clock() - moment) * 1e9)


@asynccontextmanager
async def exporting(url: str | None, *, version: str) -> AsyncIterator[Spans | None]:
    """Yield what exports spans to a collector; None without one.

    Spans are sent by a thread of OpenTelemetry, in batches; beyond its queue of 2,048 they
    are dropped.  At the end, the last ones are sent within `FLUSH_TIMEOUT`.

    Args:
        url: The collector's URL for traces.
        version: The release of hunt.

    Raises:
        SettingsError: The packages of the extra ``otel`` are missing.
    """
    if url is None:
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(f"HUNT_OTLP_URL: {_NO_PACKAGE}") from None
    logger, handler = (
        logging.getLogger("opentelemetry"),
        _Faults(trio.lowlevel.current_trio_token()),
    )
    logger.addHandler(handler)
    logger.propagate = False
    exporter = OTLPSpanExporter(url, timeout=EXPORT_TIMEOUT)
    spans = Spans(BatchSpanProcessor(exporter), version=version, clock=trio.current_time)
    try:
        yield spans
    finally:
        with trio.move_on_after(FLUSH_TIMEOUT, shield=True):
            await trio.to_thread.run_sync(spans.provider.shutdown, abandon_on_cancel=True)
        logger.removeHandler(handler)


class _Faults(logging.Handler):
    """Logs what OpenTelemetry's thread reports, from Trio's thread."""

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        super().__init__(logging.WARNING)
        self._token = token

    def emit(self, record: logging.LogRecord) -> None:
        """Log a failed export; the message names neither the URL nor a header."""
        error = record.exc_info[0] if record.exc_info else None
        reason = error.__name__ if error else record.levelname.lower()
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(_log_failure, record.name.rpartition(".")[2], reason)


def _log_failure(source: str, reason: str) -> None:
    faults.warning("spans not exported", source=source, error=reason)
