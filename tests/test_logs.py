from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from hunt import logs
from hunt.core.log_limiter import LogLimiter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(logs, "_quiet", LogLimiter(made, burst=2, interval=10))
    return made


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    with capture_logs() as captured:
        yield captured


def test_the_same_fault_is_logged_now_and_again_with_how_often_it_was(
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


def test_what_was_kept_back_is_said_when_the_fault_is_over(
    clock: Clock, lines: list[EventDict]
) -> None:
    log = logs.FaultLog("hunt.test")
    for _ in range(5):
        log.warning("down")
    logs.say_rest()
    assert len(lines) == 2
    clock.now = 10
    logs.say_rest()
    logs.say_rest()
    assert lines[2:] == [{"event": "down", "log_level": "warning", "more_like_it": 3}]
