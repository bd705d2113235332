from __future__ import annotations

from hunt.core.backoff import Backoff


def test_pauses_double_to_cap_and_reset() -> None:
    backoff = Backoff(base=1, cap=5, jitter=lambda: 1)
    assert [backoff.next() for _ in range(4)] == [1, 2, 4, 5]
    backoff.reset()
    assert backoff.next() == 1


def test_backoff_uses_full_jitter() -> None:
    assert Backoff(base=1, cap=5, jitter=lambda: 0).next() == 0
