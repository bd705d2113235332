"""The check of webhooks accepts a correct run, and reports each violation."""

from __future__ import annotations

import pytest

from hunt.testing.webhook_checks import Delivered, in_order

OWED = [(f"k1-{seq}", seq, f"click-{seq}") for seq in (1, 2, 5)]


def got(seq: int, status: int | None = 200, **fields: str) -> Delivered:
    named = {"id": f"k1-{seq}", "click": f"click-{seq}"} | fields
    return Delivered(seq=seq, status=status, **named)


GOOD = [got(1), got(2, 500), got(2, None), got(2), got(1), got(2), got(5)]


def test_failures_and_repeats_are_accepted() -> None:
    assert in_order(GOOD, OWED) == []


def test_dead_letter_is_accepted() -> None:
    assert in_order([got(1), got(2, 500), got(5), got(2)], OWED, dead={2}) == []
    assert in_order([got(1), got(5)], OWED, dead={2}) == []


@pytest.mark.parametrize(
    ("requests", "what"),
    [
        (GOOD[:-1], "1 event never arrived"),
        ([got(1), got(2, 500), got(2, 410)], "2 events never arrived"),
        ([got(1), got(5), got(2)], "2 came first after 5"),
        ([got(1), got(2, 500), got(5), got(2)], "5 was sent while 2 was not taken"),
        ([*GOOD, got(2, id="k2-2")], "k2-2 is another event"),
        ([*GOOD, got(2, click="click-1")], "k1-2 is another event"),
        ([*GOOD, got(3)], "k1-3 is another event"),
    ],
)
def test_violation_is_reported(requests: list[Delivered], what: str) -> None:
    assert what in " ".join(each.what for each in in_order(requests, OWED))
