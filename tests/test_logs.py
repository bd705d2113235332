from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture
from structlog.typing import EventDict

from hunt import logs
from hunt.core.log_limiter import LogLimiter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> Iterator[list[EventDict]]:
    """Configure logs with a rate limit, and yield the events that pass it."""
    before = structlog.get_config()["processors"]
    captured = LogCapture()
    limit = logs.RateLimit(LogLimiter(clock, burst=2, interval=10))
    structlog.configure(processors=[limit, captured])
    yield captured.entries
    structlog.configure(processors=before)


def test_repeated_fault_is_logged_at_a_bounded_rate_with_its_count(
    clock: Clock, lines: list[EventDict]
) -> None:
    log = logs.FaultLog("hunt.test")
    for number in range(100):
        log.warning("down", number=number)
    clock.now = 10
    log.error("down", number=100)
    assert lines == [
        {"event": "down", "log_level": "warning", "number": 0},
        {"event": "down", "log_level": "warning", "number": 1},
        {"event": "down", "log_level": "error", "number": 100, "more_like_it": 98},
    ]


def test_suppressed_events_are_reported_after_the_fault(
    clock: Clock, lines: list[EventDict]
) -> None:
    log = logs.FaultLog("hunt.test")
    for _ in range(5):
        log.warning("down")
    logs.report_suppressed()
    assert len(lines) == 2
    clock.now = 10
    logs.report_suppressed()
    logs.report_suppressed()
    assert lines[2:] == [{"event": "down", "log_level": "warning", "more_like_it": 3}]


def test_other_loggers_are_not_limited(lines: list[EventDict]) -> None:
    for _ in range(5):
        structlog.get_logger("hunt.test").warning("down")
    assert len(lines) == 5
