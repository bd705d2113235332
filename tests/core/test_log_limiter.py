from __future__ import annotations

from hunt.core.log_limiter import LogLimiter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lasting_fault_has_lines_at_growing_pauses() -> None:
    clock = Clock()
    limiter = LogLimiter(clock, burst=3, interval=10, longest=40)
    lines = {}
    for _ in range(2000):
        if (suppressed := limiter.admit("down")) is not None:
            lines.setdefault(clock.now, []).append(suppressed)
        clock.now += 0.125
    assert lines == {
        0.0: [0], 0.125: [0], 0.25: [0],
        10.0: [77], 30.0: [159], 70.0: [319], 110.0: [319], 150.0: [319], 190.0: [319],
        230.0: [319],
    }  # fmt: skip


def test_lines_of_an_hour_are_few() -> None:
    clock = Clock()
    limiter = LogLimiter(clock)
    said = []
    while clock.now < 3600:
        said.append(limiter.admit("down"))
        clock.now += 0.5
    lines = [suppressed for suppressed in said if suppressed is not None]
    assert len(lines) <= 20
    assert limiter.rest() == {}, "the fault lasts"
    clock.now += 30
    assert limiter.rest() == {"down": len(said) - len(lines) - sum(lines)}
    assert limiter.rest() == {}


def test_equal_lines_have_no_burst() -> None:
    limiter = LogLimiter(Clock(), burst=3)
    details = ["a", "a", "b", "a", "b", "c", "d"]
    assert [limiter.admit("down", each) for each in details] == [0, None, 1, None, None, 2, None]


def test_fault_that_returns_after_a_pause_starts_anew() -> None:
    clock = Clock()
    limiter = LogLimiter(clock, burst=1, interval=10, quiet=30)
    assert [limiter.admit("down") for _ in range(3)] == [0, None, None]
    clock.now = 10
    assert limiter.admit("down") == 2
    assert limiter.admit("down") is None
    clock.now = 39.5
    assert limiter.admit("down") == 1
    clock.now = 60
    assert limiter.admit("down") is None
    clock.now = 90
    assert [limiter.admit("down") for _ in range(2)] == [1, None]
    clock.now = 100
    assert limiter.admit("down") == 1, "the pauses are short again"


def test_kinds_are_limited_separately() -> None:
    clock = Clock()
    limiter = LogLimiter(clock, burst=1, interval=10, quiet=30)
    assert limiter.admit("a") == 0
    assert limiter.admit("a") is None
    assert limiter.admit("b") == 0
    clock.now = 20
    assert limiter.admit("b") == 0
    clock.now = 30
    assert limiter.rest() == {"a": 1}


def test_default_is_burst_of_three_then_one_after_ten_seconds() -> None:
    clock = Clock()
    limiter = LogLimiter(clock)
    assert [limiter.admit("down") for _ in range(5)] == [0, 0, 0, None, None]
    clock.now = 9.9
    assert limiter.admit("down") is None
    clock.now = 10.0
    assert limiter.admit("down") == 3
    assert limiter.admit("down") is None
