from __future__ import annotations

from hunt.core.log_limiter import LogLimiter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_repeated_events_are_suppressed_and_counted() -> None:
    clock = Clock()
    quiet = LogLimiter(clock, burst=3, interval=10)
    said = []
    for _ in range(6000):
        said.append(quiet.admit("down"))
        clock.now += 0.01
    lines = [more for more in said if more is not None]
    assert len(lines) <= 3 + 6
    clock.now += 10
    assert quiet.rest() == {"down": 6000 - len(lines) - sum(lines)}
    assert quiet.rest() == {}


def test_kinds_are_limited_separately() -> None:
    clock = Clock()
    quiet = LogLimiter(clock, burst=1, interval=10)
    assert quiet.admit("a") == 0
    assert quiet.admit("a") is None
    assert quiet.admit("b") == 0
    assert quiet.rest() == {}, "not before its time"
    clock.now = 10
    assert quiet.admit("a") == 1
    clock.now = 100
    assert quiet.admit("a") == 0


def test_default_is_burst_of_three_then_one_in_ten_seconds() -> None:
    clock = Clock()
    quiet = LogLimiter(clock)
    assert [quiet.admit("down") for _ in range(5)] == [0, 0, 0, None, None]
    clock.now = 9.9
    assert quiet.admit("down") is None
    clock.now = 10.0
    assert quiet.admit("down") == 3
    assert quiet.admit("down") is None
