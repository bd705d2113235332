"""Spans, in OpenTelemetry's exporter in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.trace_context import TraceContext
from hunt.errors import OutcomeUnknown, SettingsError
from hunt.metrics.spans import Spans, exporting
from hunt.service.lane import Waiting
from hunt.service.tracing import ClickTracing, TracedClick

TRACE = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", True, "a=1")
NOW = 100.0  # monotonic seconds
WALL = 1_800_000_000_000_000_000  # Unix nanoseconds
SETTLED = Settlement(Reward(1, "c1", "ada", None, 0, ""), False)


class Exported:
    """Spans that a tracer has exported."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.spans = Spans(
            SimpleSpanProcessor(self._exporter), version="1", clock=lambda: NOW, wall=lambda: WALL
        )

    def finished(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()


def seconds(span: ReadableSpan) -> tuple[float, float]:
    """Return start and end of a span, in seconds before now."""
    assert span.start_time is not None
    assert span.end_time is not None
    return (WALL - span.start_time) / 1e9, (WALL - span.end_time) / 1e9


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [(SETTLED, 200, StatusCode.UNSET), (OutcomeUnknown(), 504, StatusCode.ERROR)],
)
def test_click_has_spans_of_request_lane_and_commit(
    outcome: Outcome, status: int, code: StatusCode
) -> None:
    exported, delivered = Exported(), []
    tracing = ClickTracing(exported.spans)
    click = tracing.begin("POST /clicks", TRACE, delivered.append, NOW - 3)
    other = Waiting(Click("c2", "bob", 0, 0, None, 0), delivered.append, NOW - 3)
    batch = [Waiting(Click("c1", "ada", 0, 0, None, 0), click, NOW - 3), other]
    tracing.settled("harbour", batch, [outcome, outcome], (NOW - 2, NOW - 1))
    click(outcome)
    assert delivered == [outcome]
    lane, commit, request = exported.finished()
    assert [each.name for each in (lane, commit, request)] == ["lane", "commit", "POST /clicks"]
    assert [seconds(each) for each in (lane, commit, request)] == [(3, 2), (2, 1), (3, 0)]
    assert request.kind is SpanKind.SERVER
    assert request.status.status_code is code
    assert request.attributes == {
        "http.request.method": "POST", "http.route": "/clicks", "http.response.status_code": status,
    }  # fmt: skip
    assert commit.attributes == {"hunt.id": "harbour", "hunt.batch.rows": 2}
    for each in (lane, commit):
        assert each.parent == request.context
    assert request.parent is not None
    assert f"{request.parent.trace_id:032x}" == TRACE.trace_id
    assert f"{request.parent.span_id:016x}" == TRACE.parent_id
    assert request.context is not None
    assert request.context.trace_state.to_header() == "a=1"
    assert request.resource.attributes["service.name"] == "hunt"


def test_refused_click_has_one_span() -> None:
    exported = Exported()
    ClickTracing(exported.spans).begin("POST /clicks", TRACE, print, NOW).end(OutcomeUnknown())
    assert [each.name for each in exported.finished()] == ["POST /clicks"]


def test_click_that_never_reached_a_commit_has_no_span_of_it() -> None:
    exported = Exported()
    tracing = ClickTracing(exported.spans)
    click = tracing.begin("POST /clicks", TRACE, lambda _: None, NOW)
    waiting = [Waiting(Click("c1", "ada", 0, 0, None, 0), click, NOW)]
    tracing.settled("harbour", waiting, [OutcomeUnknown()], None)
    assert not exported.finished()


def test_trace_that_the_client_does_not_record_has_no_span() -> None:
    exported = Exported()
    trace = TraceContext(TRACE.trace_id, TRACE.parent_id, False, "")
    click = ClickTracing(exported.spans).begin("POST /clicks", trace, lambda _: None, NOW)
    assert isinstance(click, TracedClick)
    click(SETTLED)
    assert not exported.finished()


async def test_nothing_is_exported_without_a_collector() -> None:
    async with exporting(None, version="1") as spans:
        assert spans is None


async def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"HUNT_OTLP_URL: .*hunt-server\[otel\]"):
        async with exporting("http://127.0.0.1:1/", version="1"):
            pass


def test_opentelemetry_is_not_imported_when_off() -> None:
    script = "import sys, hunt.asgi, hunt.application; print('opentelemetry' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
