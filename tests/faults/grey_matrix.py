"""The rows of grey failures: with default settings, and nothing in the connection string."""

from __future__ import annotations

from tests.faults.script import Script, Step
from tests.faults.store_matrix import STREAMS, TWO

#: Maximum time until a stream that resumes during the fault has a status line, in seconds.
RESUMES = {"resume slowest": 6.0}

#: Bounds for a change of the primary.
PROMOTED = {
    "first 200": 5.0, "recovered": 7.0, "slowest": 6.0, "resets": 0, **RESUMES, **STREAMS,
}  # fmt: skip

SCRIPTS = (
    Script(
        name="frozen-primary",
        row="primary frozen (SIGSTOP), standby promoted, two hosts in the connection string",
        steps=[
            Step(fault="freeze_and_promote", lasts=3.0),
            Step(fault="resume_streams", at=1.5),
            Step(fault="resume_streams", at=5.0),
        ],
        standby="sync",
        most=PROMOTED,
        **TWO,
    ),
    Script(
        name="frozen-primary-long",
        row="the same, promoted after 20 s",
        steps=[
            Step(fault="freeze_and_promote", lasts=20.0),
            Step(fault="resume_streams", at=12.0),
        ],
        standby="sync",
        most=PROMOTED,
        **TWO,
        ci=False,
    ),
    Script(
        name="answers-dropped",
        row="packets from PostgreSQL dropped for 6 s",
        steps=[
            Step(fault="drop_one_way", lasts=6.0, give={"direction": "answers"}),
            Step(fault="resume_streams", at=2.5),
        ],
        most={"slowest": 6.0, "recovered": 6.0, **RESUMES, **STREAMS},
        **TWO,
    ),
    Script(
        name="requests-dropped",
        row="packets to PostgreSQL dropped for 6 s",
        steps=[
            Step(fault="drop_one_way", lasts=6.0, give={"direction": "requests"}),
            Step(fault="resume_streams", at=2.5),
        ],
        most={"slowest": 6.0, "recovered": 6.0, **RESUMES, **STREAMS},
        **TWO,
        ci=False,
    ),
    Script(
        name="silent-host",
        row="the first of two hosts accepts connections and never answers",
        steps=[Step(fault="terminate_idle", at=1.5), Step(fault="resume_streams", at=2.0)],
        silent=True,
        most={"slowest": 4.0, "recovered": 2.0, **RESUMES, **STREAMS},
        **TWO,
        ci=False,
    ),
    Script(
        name="slow-names",
        row="each lookup of a host name takes 8 s, while connections are lost",
        steps=[Step(fault="slow_names", lasts=5.0), Step(fault="resume_streams", at=2.0)],
        names=True,
        most={"slowest": 4.0, "recovered": 1.0, **RESUMES, **STREAMS},
        **TWO,
    ),
    Script(
        name="locked-hunt",
        row="a hunt's row locked for 8 s by an open transaction",
        steps=[Step(fault="lock_hunt", lasts=8.0)],
        least={"refused": 1, "other clicks": 20},
        most={
            "slowest": 4.0, "unknown": 0, "recovered": 9.0, "backends waiting": 2,
            "breaker lines": 0, "other failed": 0, "ready again": 0, **STREAMS,
        },
    ),
    Script(
        name="locked-hunt-long",
        row="the same for 30 s",
        steps=[Step(fault="lock_hunt", lasts=30.0)],
        least={"refused": 1, "other clicks": 100},
        most={
            "slowest": 4.0, "unknown": 0, "recovered": 16.0, "backends waiting": 2, "backends": 34,
            "breaker lines": 0, "other failed": 0, "ready again": 0, **STREAMS,
        },
        ci=False,
    ),
    Script(
        name="slow-inserts",
        row="inserts slowed by 60 ms, everything else fast",
        steps=[Step(fault="slow_inserts", lasts=10.0)],
        least={"refused": 10},
        most={"breaker closings": 2, "ready again": 0, "unknown": 0, "recovered": 16.0, **STREAMS},
    ),
    Script(
        name="full-for-rows",
        row="disk full for rows, room for everything else",
        steps=[Step(fault="full_for_rows", lasts=10.0)],
        least={"refused": 10},
        most={"breaker closings": 2, "ready again": 0, "unknown": 0, "recovered": 16.0, **STREAMS},
        ci=False,
    ),
    Script(
        name="frozen-standby",
        row="the standby that each COMMIT waits for is frozen",
        steps=[Step(fault="freeze_standby", lasts=15.0)],
        standby="sync",
        environ={"HUNT_POOL_SIZE": "3"},  # so that the limit is reached in seconds
        least={"refused": 10, "breaker lines": 2},
        most={
            "slowest": 6.0, "backends": 4, "breaker closings": 1, "ready again": 0,
            "recovered": 16.0, **STREAMS,
        },
        processes=1,
        ci=False,
    ),
)  # fmt: skip
