"""Delays of reconnecting clients."""

from __future__ import annotations

import pytest

from hunt.play.reconnect import RECONNECT_MS, Reconnect

LOW, HIGH = RECONNECT_MS


@pytest.mark.parametrize(
    ("jitter", "at_least", "expected"),
    [
        (0.0, 0.0, LOW),
        (0.999999, 0.0, HIGH),
        (0.0, 1.5, 1500 + LOW),
        (0.0, 0.0001, 1 + LOW),
        (0.999999, 10, 10_000 + HIGH),
    ],
)
def test_delay_is_jittered_on_top_of_the_minimum(
    jitter: float, at_least: float, expected: int
) -> None:
    assert Reconnect(lambda: jitter).ms(at_least=at_least) == expected
