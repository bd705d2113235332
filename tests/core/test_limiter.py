from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core.limiter import Limiter
from hunt.errors import TooFast


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_limiter_admits_burst_then_rate() -> None:
    clock = Clock()
    limiter = Limiter(clock, rate=2, burst=3)
    for _ in range(3):
        limiter.check("ada")
    with pytest.raises(TooFast) as refusal:
        limiter.check("ada")
    assert refusal.value.retry_after == pytest.approx(0.5)
    limiter.check("bob")
    clock.now += 0.5
    limiter.check("ada")
    with pytest.raises(TooFast):
        limiter.check("ada")


def test_rate_zero_means_no_limit() -> None:
    limiter = Limiter(Clock(), rate=0, burst=1)
    for _ in range(1000):
        limiter.check("ada")


def test_idle_key_has_no_more_than_its_burst() -> None:
    clock = Clock()
    limiter = Limiter(clock, rate=2, burst=3)
    limiter.check("ada")
    clock.now += 60
    for _ in range(3):
        limiter.check("ada")
    with pytest.raises(TooFast):
        limiter.check("ada")


@pytest.mark.parametrize("capacity", [100, 101])
def test_keys_are_bounded_by_capacity(capacity: int) -> None:
    clock = Clock()
    limiter = Limiter(clock, rate=1, burst=1, capacity=capacity)
    for number in range(1000):
        limiter.check(str(number))
        assert len(limiter) <= capacity
        assert all(str(each) in limiter for each in range(max(number - 49, 0), number + 1))
    for _ in "ab":
        clock.now += 1
        limiter.rotate()
    assert len(limiter) == 0


def test_rotation_keeps_a_key_until_its_bucket_is_full() -> None:
    clock = Clock()
    clock.now = 100
    limiter = Limiter(clock, rate=1, burst=2)
    for _ in range(2):
        limiter.check("ada")
    for _ in range(2):
        clock.now += 0.75
        limiter.rotate()
    limiter.check("ada")
    with pytest.raises(TooFast):
        limiter.check("ada")


def test_rotation_evicts_only_refilled_keys() -> None:
    clock = Clock()
    limiter = Limiter(clock, rate=1, burst=2, capacity=100)
    for _ in range(2):
        limiter.check("ada")
    clock.now += 1.75
    limiter.rotate()  # too early: less than two seconds after the one before
    limiter.check("bob")
    clock.now += 0.5
    limiter.rotate()
    limiter.check("bob")
    with pytest.raises(TooFast):
        limiter.check("bob")
    clock.now += 2
    limiter.rotate()
    assert "ada" not in limiter
    with pytest.raises(TooFast):
        for _ in range(3):
            limiter.check("bob")
    for _ in range(2):
        clock.now += 2
        limiter.rotate()
    assert len(limiter) == 0


@given(st.lists(st.integers(0, 8), max_size=60))
def test_limiter_never_exceeds_burst_and_rate(waits: list[int]) -> None:
    clock = Clock()
    limiter = Limiter(clock, rate=0.5, burst=3)
    passed: list[float] = []
    for wait in waits:
        clock.now += wait / 4
        try:
            limiter.check("ada")
        except TooFast as refusal:
            assert 0 < refusal.retry_after <= 2
        else:
            passed.append(clock.now)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= 3 + (passed[last] - start) * 0.5 + 1e-6
