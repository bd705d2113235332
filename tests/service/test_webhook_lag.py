"""The lag of an endpoint of webhooks, as one process knows it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from hunt.core.webhooks import Webhook, WebhookState
from hunt.service.webhooks import Webhooks

WEBHOOK = Webhook(
    id=7, hunt="harbour", url="https://a.example/", events="wins", prizes=None, patience=60
)
STATE = WebhookState(
    webhook=WEBHOOK, created_at=datetime(2026, 11, 1, tzinfo=UTC), stopped=None, seq=5, behind=3,
    attempts=0, failing_since=None, next_attempt=None, last_attempt=None, last_status=None,
    last_error=None, dead=0, replays=0, holder=None, held_for=0.0, paused_for=0.0,
    failing_for=0.0, lag=1.5,
)  # fmt: skip


def webhooks(state: WebhookState) -> Webhooks:
    """Return the deliverer of a process that has just looked at one endpoint."""

    async def claim() -> Any:
        raise AssertionError

    made = Webhooks(claim, SimpleNamespace(jitter=lambda: 0.0))  # type: ignore[arg-type]
    made.states[7] = (state, trio.current_time())
    return made


@pytest.mark.parametrize(
    ("state", "lag"),
    [
        (STATE, (3, 3.5)),
        (replace(STATE, behind=1), (1, 3.5)),
        (replace(STATE, holder="another"), (3, 1.5)),  # it is being sent
        (replace(STATE, behind=0, lag=0.0), (0, 0.0)),
    ],
)
async def test_process_without_the_lease_knows_its_last_look(
    autojump_clock: MockClock, state: WebhookState, lag: tuple[int, float]
) -> None:
    made = webhooks(state)
    await trio.sleep(2)
    assert made.lag(7, 100) == pytest.approx(lag)


@pytest.mark.parametrize(("seq", "rows"), [(6, 2), (8, 0), (9, 0)])
async def test_process_with_the_lease_knows_the_changes_of_its_last_look(
    seq: int, rows: int
) -> None:
    made = webhooks(replace(STATE, webhook=replace(WEBHOOK, log="changes")))
    made._deliveries[7] = SimpleNamespace(seq=seq, lag=0.25)  # type: ignore[assignment]
    assert made.lag(7, 100) == (rows, 0.25)


@pytest.mark.parametrize(("last", "rows"), [(12, 3), (9, 0), (8, 0)])
async def test_process_with_the_lease_knows_the_rows(
    autojump_clock: MockClock, last: int, rows: int
) -> None:
    made = webhooks(STATE)
    made._deliveries[7] = SimpleNamespace(seq=9, lag=0.25)  # type: ignore[assignment]
    await trio.sleep(2)
    assert made.lag(7, last) == (rows, 0.25)
