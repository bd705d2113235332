"""Every row of the matrix, as a script: what is done, and what hunt promises then."""

from __future__ import annotations

from tests.faults.script import Script, Step

SCRIPTS = {
    script.name: script
    for script in (
        Script(
            name="terminate-idle",
            row="backend terminated while idle (57P01)",
            steps=[Step(fault="terminate_idle", at=1.0), Step(fault="terminate_idle", at=1.5)],
            most={"recovered": 1.0, "unknown": 0, "streams cut": 0},
        ),
        Script(
            name="terminate-commit",
            row="backend terminated in mid-commit",
            steps=[Step(fault="terminate_active", at=at) for at in (1.0, 1.5, 2.0)],
            most={"recovered": 2.0, "streams cut": 0},
        ),
        Script(
            name="lose-answers",
            row="connection lost after COMMIT was sent",
            steps=[Step(fault="lose_answers", at=1.0)],
            most={"recovered": 2.0, "streams cut": 0},
        ),
        Script(
            name="freeze",
            row="PostgreSQL frozen (SIGSTOP)",
            steps=[Step(fault="freeze", lasts=6.0)],
            least={"refused": 10},
            most={
                "slowest": 5.0, "late refusal p99": 0.05, "recovered": 17.0, "streams cut": 0,
                "silence": 2.0, "log lines": 100,
            },
        ),
        Script(
            name="kill-postgres",
            row="PostgreSQL killed, recovering (57P02, 57P03)",
            steps=[Step(fault="kill_postgres", lasts=1.5)],
            least={"refused": 10},
            most={"slowest": 4.0, "recovered": 9.0, "streams cut": 0, "log lines": 100},
        ),
        Script(
            name="kill-process",
            row="process killed (-9)",
            steps=[Step(fault="kill_process")],
            most={"replaced": 2.0, "recovered": 1.0},
        ),
        Script(
            name="restart",
            row="rolling restart (SIGHUP)",
            steps=[Step(fault="restart")],
            most={"unknown": 0},
        ),
    )
}  # fmt: skip
