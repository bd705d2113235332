"""Axes of plots."""

from __future__ import annotations

from hunt.reports import plot


def test_ticks_are_about_four_round_values() -> None:
    assert plot.ticks(0) == [0]
    assert plot.ticks(1000) == [0, 250, 500, 750, 1000]
    assert plot.ticks(37) == [0, 10, 20, 30]
    assert plot.ticks(0.04) == [0, 0.01, 0.02, 0.03, 0.04]
    for most in (0.003, 1, 7, 12, 99, 540, 123_456):
        assert 3 <= len(plot.ticks(most)) - 1 <= 6


def test_numbers_have_four_digits_at_most() -> None:
    assert plot.number(0.12345) == "0.1235"
    assert plot.number(1234.5) == "1,234"
    assert plot.number(1234567.8) == "1,234,568"
