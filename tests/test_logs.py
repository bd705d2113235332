from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture
from structlog.typing import EventDict

from hunt import logs
from hunt.core.log_limiter import LogLimiter
from hunt.errors import StoreLost, StoreUnavailable

ROOT = Path(__file__).parents[1]


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
    clock.now = 29
    logs.report_suppressed()
    assert len(lines) == 1
    clock.now = 30
    logs.report_suppressed()
    logs.report_suppressed()
    assert lines[1:] == [{"event": "down", "log_level": "warning", "more_like_it": 4}]


def test_equal_events_are_logged_once(lines: list[EventDict]) -> None:
    log = logs.FaultLog("hunt.test")
    for error in ("refused", "refused", "reset", "refused"):
        log.warning("down", error=error)
    assert [each["error"] for each in lines] == ["refused", "reset"]


def test_error_of_the_database_is_logged_with_its_code(lines: list[EventDict]) -> None:
    log = logs.FaultLog("hunt.test")
    log.store_error("down", StoreUnavailable("no disk", sqlstate="53100"), hunt="harbour")
    log.store_error("down", StoreLost("gone"))
    shown = {"event": "down", "log_level": "warning"}
    assert lines == [
        {**shown, "hunt": "harbour", "sqlstate": "53100", "error": "no disk"},
        {**shown, "sqlstate": None, "error": "gone"},
    ]


def test_field_that_cannot_be_shown_is_no_failure(lines: list[EventDict]) -> None:
    class Hidden:
        def __repr__(self) -> str:
            raise ValueError

    for _ in range(2):
        logs.FaultLog("hunt.test").warning("down", value=Hidden())
    assert len(lines) == 2


def test_other_loggers_are_not_limited(lines: list[EventDict]) -> None:
    for _ in range(5):
        structlog.get_logger("hunt.test").warning("down")
    assert len(lines) == 5


#: Errors that recur for as long as a database, an issuer or a disk is unavailable.
LASTING = {"StoreError", "StoreUnavailable", "KeysError", "HuntError", "OSError"}


def unlimited(tree: ast.Module) -> Iterator[int]:
    """Yield the lines at which a handler of `LASTING` errors logs without a rate limit."""
    plain = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and "get_logger" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.type is None:
            continue
        if not LASTING & {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)}:
            continue
        for node in ast.walk(handler):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in plain:
                    yield node.lineno


def test_failures_that_recur_are_logged_at_a_limited_rate() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in (ROOT / "hunt").rglob("*.py")
        for line in unlimited(ast.parse(path.read_text("utf-8")))
    }
    assert found == set()
