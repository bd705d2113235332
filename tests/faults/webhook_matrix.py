"""Rows of the matrix about webhooks."""

from __future__ import annotations

from typing import Any

from tests.faults.script import Script, Step

#: One endpoint gets all wins. The process that sends them imports an HTTP client with its buffers.
WEBHOOK: Any = {"webhook": True, "memory": 6 * 2**20, "players": 4, "pause": 0.1}

SCRIPTS = (
    Script(
        name="webhook-down",
        row="receiver of webhooks down for an hour",
        steps=[Step(fault="receiver_down", lasts=3.0)],
        least={"webhook events": 10, "webhook repeats": 1},
        most={"webhook seconds": 30.0, "webhook dead letters": 0},
        **WEBHOOK,
    ),
    Script(
        name="webhook-slow",
        row="receiver of webhooks answers after a second",
        steps=[Step(fault="receiver_slow", lasts=3.0)],
        least={"webhook events": 10},
        most={"webhook seconds": 30.0, "webhook dead letters": 0},
        **WEBHOOK,
    ),
    Script(
        name="webhook-refused",
        row="receiver of webhooks answers 500, a redirect and 410",
        steps=[Step(fault="receiver_refuses", lasts=0.5)],
        least={"webhook events": 10, "webhook repeats": 3},
        most={"webhook seconds": 30.0, "webhook dead letters": 0},
        **WEBHOOK,
    ),
    Script(
        name="webhook-killed",
        row="all workers killed (-9) in mid-delivery of a webhook",
        steps=[Step(fault="kill_sender", at=1.0)],
        changes=True,
        least={
            "webhook events": 10, "webhook repeats": 1,
            "webhook changes": 10, "webhook changes repeated": 1,
        },
        most={"webhook seconds": 30.0, "webhook dead letters": 0, "recovered": 9.0},
        **WEBHOOK,
    ),
    Script(
        name="webhook-failover",
        row="standby promoted during the deliveries of a webhook",
        steps=[Step(fault="failover", lasts=1.0)],
        standby="sync",
        dsn={"target_session_attrs": "read-write"},
        nodes=2,
        least={"webhook events": 10},
        most={
            "webhook seconds": 30.0, "webhook dead letters": 0, "answers gone": 0,
            "recovered": 10.0,
        },
        **WEBHOOK,
    ),
)  # fmt: skip
