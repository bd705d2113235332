"""The rows of the matrix in which a hunt has rules."""

from __future__ import annotations

from tests.faults.script import Script, Step
from tests.faults.store_matrix import TWO

SCRIPTS = (
    Script(
        name="moments",
        row="winning moments: process killed (-9), then a promoted standby",
        rules="moments",
        steps=[Step(fault="kill_process", at=2.0), Step(fault="failover", at=6.0, lasts=1.0)],
        standby="sync",
        dsn={"target_session_attrs": "read-write"},
        least={"released prizes": 30},
        most={"answers gone": 0, "slowest": 5.0, "recovered": 10.0},
        **TWO,
    ),
    Script(
        name="pacing",
        row="paced prizes: process killed (-9), then PostgreSQL",
        rules="pacing",
        steps=[Step(fault="kill_process", at=2.0), Step(fault="kill_postgres", at=6.0, lasts=1.5)],
        least={"released prizes": 30},
        most={"slowest": 5.0, "recovered": 9.0},
        **TWO,
    ),
)
