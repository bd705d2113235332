"""Rows of the matrix about the schedule."""

from __future__ import annotations

from typing import Any

from tests.faults.script import Script, Step

SCHEDULE: Any = {"schedule": True, "players": 4, "pause": 0.1, "nodes": 2, "seconds": 5.0}

SCRIPTS = (
    Script(
        name="schedule-killed",
        row="all workers killed (-9) while entries of the schedule fall due",
        steps=[Step(fault="kill_scheduler")],
        least={"entries performed": 100},
        most={"entries performed": 100, "recovered": 9.0},
        **SCHEDULE,
    ),
    Script(
        name="schedule-failover",
        row="standby promoted while entries of the schedule fall due",
        steps=[
            Step(fault="entries_fall_due", at=0.5),
            Step(fault="failover", at=1.5, lasts=1.0),
        ],
        standby="sync",
        dsn={"target_session_attrs": "read-write"},
        least={"entries performed": 100},
        most={"entries performed": 100, "answers gone": 0, "recovered": 10.0},
        **SCHEDULE,
    ),
)
