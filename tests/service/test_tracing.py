"""Traced clicks: logged, and exported as spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from hunt.core.events import Outcome
from hunt.core.trace_context import TraceContext
from hunt.errors import CircuitOpen, QueueFull
from hunt.service.lane import Waiting
from hunt.service.tracing import ClickTracing, Span, ignore
from tests.store.open_log import click

CONTEXT = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", True, "a=1")
UNSAMPLED = TraceContext(CONTEXT.trace_id, CONTEXT.parent_id, False, "")
OUTCOME: Outcome = QueueFull(retry_after=1.0)


class Recorded:
    """A tracer, and the one span that it makes."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def begin(self, name: str, context: TraceContext, since: float) -> Span:
        self.events.append(("begin", name, context, since))
        return self

    def inside(
        self, name: str, since: float, until: float, attributes: Mapping[str, str | int]
    ) -> None:
        self.events.append(("inside", name, since, until, dict(attributes)))

    def end(self, status: int) -> None:
        self.events.append(("end", status))


def test_span_of_a_click_ends_after_its_outcome() -> None:
    tracer = Recorded()

    def settled(outcome: Outcome) -> None:
        tracer.events.append(("settled", outcome))

    traced = ClickTracing(tracer).begin("POST /clicks", CONTEXT, settled, 3.0)
    assert traced.context is CONTEXT
    traced(OUTCOME)
    assert tracer.events == [
        ("begin", "POST /clicks", CONTEXT, 3.0), ("settled", OUTCOME), ("end", 503),
    ]  # fmt: skip


@pytest.mark.parametrize(("tracer", "context"), [(None, CONTEXT), (Recorded(), UNSAMPLED)])
def test_click_without_a_span_still_gets_its_outcome(
    tracer: Recorded | None, context: TraceContext
) -> None:
    found: list[Outcome] = []
    traced = ClickTracing(tracer).begin("POST /clicks", context, found.append, 3.0)
    assert traced.span is None
    traced(OUTCOME)
    assert found == [OUTCOME]
    assert tracer is None or tracer.events == []


def test_batch_has_spans_and_log_lines_of_its_traced_clicks() -> None:
    tracer = Recorded()
    tracing = ClickTracing(tracer)
    traced = tracing.begin("POST /clicks", CONTEXT, ignore, 1.0)
    batch = [Waiting(click(), ignore, 1.25), Waiting(click(), traced, 1.5)]
    tracer.events.clear()
    outcomes: list[Outcome] = [CircuitOpen(retry_after=1.0), QueueFull(retry_after=1.0)]
    with capture_logs() as lines:
        tracing.settled("harbour", batch, outcomes, (2.0, 2.1234567))
    assert lines == [
        {
            "event": "click settled", "log_level": "debug", "hunt": "harbour", "status": 503,
            "trace_id": CONTEXT.trace_id, "parent_id": CONTEXT.parent_id, "commit": 0.123457,
        }
    ]  # fmt: skip
    about = {"hunt.id": "harbour"}
    assert tracer.events == [
        ("inside", "lane", 1.5, 2.0, about),
        ("inside", "commit", 2.0, 2.1234567, about | {"hunt.batch.rows": 2}),
    ]


def test_batch_without_a_commit_has_no_times() -> None:
    tracer = Recorded()
    tracing = ClickTracing(tracer)
    traced = tracing.begin("POST /clicks", CONTEXT, ignore, 1.0)
    tracer.events.clear()
    with capture_logs() as lines:
        tracing.settled("harbour", [Waiting(click(), traced, 1.5)], [OUTCOME], None)
    assert [("commit" in line, line["status"]) for line in lines] == [(False, 503)]
    assert tracer.events == []
    silent = ClickTracing(None)
    unspanned = silent.begin("POST /clicks", CONTEXT, ignore, 1.0)
    with capture_logs() as lines:
        silent.settled("harbour", [Waiting(click(), unspanned, 1.5)], [OUTCOME], (2.0, 3.0))
    assert [line["commit"] for line in lines] == [1.0]
