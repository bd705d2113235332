"""Pauses between attempts."""

from __future__ import annotations

from hunt.core.webhooks import CAP, Answer, retry_pause


def test_bound_of_the_pause_doubles_up_to_an_hour() -> None:
    most = [retry_pause(attempts, lambda: 1.0) for attempts in range(1, 20)]
    assert most[:5] == [2, 4, 8, 16, 32]
    assert most[-1] == CAP == 3600
    assert retry_pause(10_000, lambda: 1.0) == CAP


def test_at_least_half_of_the_bound_passes() -> None:
    assert retry_pause(3, lambda: 0.0) == 4


def test_only_2xx_is_delivered() -> None:
    found = {code: Answer(code, None, 0).delivered for code in (199, 200, 204, 299, 300, None)}
    assert [code for code, delivered in found.items() if delivered] == [200, 204, 299]
    assert [Answer(code, None, 0).result for code in (204, 302, 410, 503, None)] == [
        "2xx", "3xx", "4xx", "5xx", "none",
    ]  # fmt: skip
