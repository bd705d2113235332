"""Faults of services, which the metrics show from the start."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from trio.testing import MockClock

from hunt.core.bans import BanList
from hunt.service.audit_queue import AuditQueue
from hunt.service.bans import Bans
from hunt.service.catalogue import Catalogue
from hunt.service.ending import Ending
from hunt.service.heads import Heads
from hunt.service.leaderboard import Leaderboard
from hunt.service.retention import Retention
from hunt.service.schedule import Scheduler
from hunt.service.tail import Tail
from hunt.service.webhooks import Webhooks


async def never(*args: object) -> Any:
    raise AssertionError


def ending() -> Ending:
    return Ending(hunts=list, now=Any, end_due=never, ended=print, jitter=float)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (lambda: AuditQueue(never, jitter=float), ["record", "rejected"]),
        (lambda: Bans(BanList(), never, never), ["bans"]),
        (lambda: Catalogue(never), ["hunts"]),
        (ending, ["end"]),
        (lambda: Heads(list, len, never, jitter=float), ["publish"]),
        (lambda: Leaderboard(never, never), ["renew"]),
        (lambda: Retention(never, jitter=float), ["apply"]),
        (lambda: Scheduler(never, never, jitter=float), ["look", "perform"]),
        (
            lambda: Tail(read=never, last=never, publish=print, jitter=float),
            ["read", "look", "dropped", "deaf"],
        ),
        (lambda: Webhooks(never, SimpleNamespace(jitter=float)), ["look", "delivery"]),  # type: ignore[arg-type]
    ],
    ids=lambda each: None if callable(each) else each[0],
)
async def test_faults_of_each_kind_are_zero_at_first(
    autojump_clock: MockClock, make: Callable[[], Any], kinds: list[str]
) -> None:
    assert dict(make().faults) == dict.fromkeys(kinds, 0)
