"""The rows of the matrix in which PostgreSQL fails."""

from __future__ import annotations

from tests.faults.script import Script, Step

#: Bounds for streams during any fault of the store. Heartbeats come every second; a busy machine
#: may stall for two more.
STREAMS = {"streams cut": 0, "silence": 3.0}

#: The same bounds for an outage, with some tens of log lines.
QUIET = {"log lines": 100, **STREAMS}

#: Two servers of one process each, as on two machines.
TWO = {"nodes": 2, "processes": 1}

SCRIPTS = (
    Script(
        name="terminate-idle",
        row="backend terminated while idle (57P01)",
        steps=[Step(fault="terminate_idle", at=1.0), Step(fault="terminate_idle", at=1.5)],
        most={"recovered": 1.0, "unknown": 0, **STREAMS},
        ci=False,
    ),
    Script(
        name="terminate-commit",
        row="backend terminated in mid-commit",
        steps=[Step(fault="terminate_active", at=at) for at in (1.0, 1.5, 2.0)],
        most={"recovered": 2.0, **STREAMS},
        ci=False,
    ),
    Script(
        name="lose-answers",
        row="connection lost after COMMIT was sent",
        steps=[Step(fault="lose_answers", at=1.0)],
        most={"recovered": 2.0, **STREAMS},
    ),
    Script(
        name="freeze",
        row="PostgreSQL frozen (SIGSTOP) for 6 s",
        steps=[Step(fault="freeze", lasts=6.0)],
        least={"refused": 10, "breaker lines": 2},  # the breaker opened and closed
        # Answers come within 4 s, and a busy machine may stall for three more; freeze-long,
        # which runs alone, has the strict bounds.
        # Once the breaker is open, a refusal takes less than 50 ms. This row runs beside other
        # tests, which may delay one refusal in a hundred: freeze-long allows 50 ms for each.
        most={
            "slowest": 7.0, "late refusal p50": 0.05, "late refusal p99": 1.0, "recovered": 6.0,
            **QUIET,
        },
    ),
    Script(
        name="freeze-long",
        row="PostgreSQL frozen (SIGSTOP) for 30 s",
        steps=[Step(fault="freeze", lasts=30.0)],
        least={"refused": 10},
        most={"slowest": 5.0, "late refusal p99": 0.05, "recovered": 16.0, **QUIET, "silence": 2.0},
        ci=False,
    ),
    Script(
        name="freeze-backend",
        row="one backend frozen (SIGSTOP)",
        steps=[Step(fault="freeze_backend", lasts=3.0)],
        most={"slowest": 5.0, "recovered": 4.0, **STREAMS},
        ci=False,
    ),
    Script(
        name="kill-postgres",
        row="PostgreSQL killed, recovering (57P02, 57P03)",
        steps=[Step(fault="kill_postgres", lasts=1.5)],
        least={"refused": 10},
        most={"slowest": 4.0, "recovered": 9.0, **QUIET},
    ),
    Script(
        name="read-only",
        row="read-only server (25006)",
        steps=[Step(fault="read_only", lasts=2.0)],
        least={"refused": 10},
        most={"slowest": 1.0, "unknown": 0, "recovered": 4.0, **STREAMS},
    ),
    Script(
        name="failover-sync",
        row="promoted standby, for which each commit had waited",
        steps=[Step(fault="failover", lasts=1.0)],
        standby="sync",
        dsn={"target_session_attrs": "read-write"},
        most={"answers gone": 0, "resets": 0, "slowest": 5.0, "recovered": 10.0, **STREAMS},
        **TWO,
    ),
    Script(
        name="codes",
        row="codes: worker killed, then a failover to a standby",
        steps=[Step(fault="kill_process", at=1.0), Step(fault="failover", at=3.0, lasts=1.0)],
        standby="sync",
        dsn={"target_session_attrs": "read-write"},
        codes=5000,
        least={"codes told": 30},
        most={"answers gone": 0, "resets": 0, "slowest": 5.0, "recovered": 10.0},
        repeat=0.3,
        ci=False,
        **TWO,
    ),
    Script(
        name="failover-async",
        row="promoted standby that lagged behind, and a new epoch",
        steps=[Step(fault="failover", lasts=1.0)],
        standby="async",
        dsn={"target_session_attrs": "read-write"},
        least={"answers gone": 1, "resets": 12},
        most={"reset after": 8.0, "slowest": 5.0, "recovered": 10.0},
        fickle=0.0,
        **TWO,
        ci=False,
    ),
    Script(
        name="restore-backup",
        row="restored from an older backup",
        steps=[Step(fault="restore_backup", lasts=1.0)],
        least={"rows gone": 1, "resets": 12},
        most={"reset after": 8.0, "slowest": 5.0, "recovered": 9.0, "silence": 2.0},
        fickle=0.0,
        **TWO,
    ),
    Script(
        name="failover-async-alone",
        row="promoted standby that lagged behind, and no operator",
        steps=[Step(fault="failover", lasts=1.0, give={"operator": False})],
        standby="async",
        dsn={"target_session_attrs": "read-write"},
        least={"answers gone": 1, "resets": 12},
        most={"reset after": 8.0, "slowest": 5.0, "recovered": 10.0},
        fickle=0.0,
        **TWO,
        ci=False,
    ),
    Script(
        name="restore-alone",
        row="restored from an older backup while hunt runs, and no operator",
        steps=[Step(fault="restore_backup", lasts=1.0, give={"operator": False})],
        least={"rows gone": 1, "resets": 12},
        most={"reset after": 8.0, "slowest": 5.0, "recovered": 9.0, "silence": 2.0},
        fickle=0.0,
        **TWO,
    ),
    Script(
        name="connections-taken",
        row="too many connections (53300), those of hunt kept",
        steps=[Step(fault="exhaust_connections", lasts=1.5, give={"terminate": False})],
        options={"max_connections": "30"},
        most={"failed": 0, **STREAMS},
        ci=False,
    ),
    Script(
        name="connections-lost",
        row="too many connections (53300), those of hunt lost",
        steps=[Step(fault="exhaust_connections", lasts=2.0)],
        options={"max_connections": "30"},
        least={"refused": 10},
        most={"slowest": 1.5, "recovered": 4.0, "connects a second": 30, **STREAMS},
    ),
    Script(
        name="deadlock",
        row="deadlock (40P01)",
        steps=[Step(fault="deadlock", at=1.0), Step(fault="deadlock", at=2.0)],
        most={"failed": 0, "slowest": 1.5, **STREAMS},
        ci=False,
    ),
    Script(
        name="serialization",
        row="serialization failures (40001)",
        steps=[Step(fault="conflict")],
        dsn={"options": r"-c default_transaction_isolation=repeatable\ read"},
        least={"conflicts": 5},
        # A batch that meets three conflicts in a row is refused.
        most={"unknown": 0, "failed": 20, "slowest": 1.0, **STREAMS},
        **TWO,
        ci=False,
    ),
    Script(
        name="lock-timeout",
        row="lock timeout (55P03)",
        steps=[Step(fault="hold_lock", lasts=1.5)],
        dsn={"options": "-c lock_timeout=200ms"},
        least={"refused": 1},
        most={"unknown": 0, "recovered": 2.0, "slowest": 2.5, **STREAMS},
    ),
    Script(
        name="statement-timeout",
        row="statement timeout (57014)",
        steps=[Step(fault="hold_lock", lasts=1.5)],
        dsn={"options": "-c statement_timeout=200ms"},
        least={"refused": 1},
        most={"unknown": 0, "recovered": 2.0, "slowest": 2.5, **STREAMS},
        ci=False,
    ),
    Script(
        name="bad-row",
        row="one bad row in a batch",
        steps=[Step(fault="poison")],
        poison=0.02,
        least={"rejected": 1},
        most={"failed": 0, "slowest": 1.0, "rejected unrecorded": 0, **STREAMS},
    ),
    Script(
        name="disk-full",
        row="disk full (53100)",
        steps=[Step(fault="fill_disk", lasts=2.0)],
        disk=150,
        least={"refused": 10},
        most={"slowest": 1.0, "recovered": 9.0, **QUIET},
    ),
    Script(
        name="slow-postgres",
        row="slow PostgreSQL (each commit over 50 ms)",
        steps=[Step(fault="slow_database", lasts=4.0)],
        least={"refused": 10},
        # A pause of 8 s may begin just before the database works again.
        most={"unknown": 0, "slowest": 1.5, "recovered": 12.0, **STREAMS},
    ),
    Script(
        name="sliced-postgres",
        row="answers of PostgreSQL arrive byte by byte",
        steps=[Step(fault="slice_database", lasts=1.5)],
        most={"recovered": 3.0, **STREAMS},
        ci=False,
    ),
)  # fmt: skip
