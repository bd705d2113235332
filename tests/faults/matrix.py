"""Every row of the matrix, as a script: the faults, and the bounds for hunt."""

from __future__ import annotations

from typing import Any

from tests.faults import (
    bus_matrix,
    grey_matrix,
    rule_matrix,
    schedule_matrix,
    store_matrix,
    webhook_matrix,
)
from tests.faults.script import Script, Step
from tests.faults.store_matrix import STREAMS, TWO

#: A server of one process with little load, so that its memory can be measured in MiB.
MEMORY: Any = {
    "processes": 1,
    "players": 2,
    "pause": 0.2,
    "memory": 5 * 2**20,
    "most": {"memory kept": 5.0},
    "least": {"goodput before": 4.0},
}

_SCRIPTS = (
    Script(
        name="kill-process",
        row="process killed (-9)",
        steps=[Step(fault="kill_process", at=5.0)],
        most={"replaced": 2.0, "recovered": 1.0},
    ),
    Script(
        name="stop-process",
        row="loop blocked for 3 s",
        steps=[Step(fault="stop_process", lasts=3.0)],
        least={"stalls seen": 1},
        most={"slowest": 4.0, "recovered": 1.0},
    ),
    Script(
        name="hang-process",
        row="loop blocked for good: the watchdog",
        steps=[Step(fault="stop_process", lasts=13.0)],
        most={"replaced": 15.0, "recovered": 3.0},
        ci=False,
    ),
    Script(
        name="restart",
        row="rolling restart (SIGHUP)",
        steps=[Step(fault="restart")],
        most={"answers lost": 0, "unanswered": 0, "recovered": 1.0},
    ),
    Script(
        name="stop-node",
        row="SIGTERM under load",
        steps=[Step(fault="stop_node")],
        most={"exit status": 0, "drained": 6.0, "answers lost": 0, "unknown": 16, "recovered": 1.0},
        nodes=2,
    ),
    Script(
        name="hasty-clients",
        row="client gone before its answer",
        hasty=0.3,
        most={"failed": 0, **STREAMS},
    ),
    Script(
        name="stop-reading",
        row="client stops reading",
        steps=[Step(fault="stop_reading")],
        environ={"HUNT_STREAM_BUFFER": "16", "HUNT_REPLAY_LIMIT": "10000"},
        least={"slow": 1},
        most={"cut off": 25.0, "failed": 0, "silence": 2.0},
        ci=False,
    ),
    Script(
        name="asleep",
        row="phone asleep, no FIN",
        steps=[Step(fault="fall_asleep")],
        most={"freed": 30.0, "failed": 0},
        ci=False,
    ),
    Script(
        name="strange-resumes",
        row="resume id unknown, malformed, huge, of another epoch or player, past the cap",
        steps=[Step(fault="strange_resumes", at=2.0)],
        environ={"HUNT_REPLAY_LIMIT": "20"},
        least={"resumes": 10},
        most={"failed": 0},
        ci=False,
    ),
    Script(
        name="reset-clients",
        row="all streams reconnect at once",
        steps=[Step(fault="reset_clients", at=2.0), Step(fault="reset_clients", at=3.0)],
        players=40,
        listeners=5,
        pause=0.2,
        least={"streams cut": 200},
        most={"recovered": 3.0, "streams back": 5.0},
    ),
    Script(
        name="cut-clients",
        row="all bytes to and from clients lost, then connections reset",
        steps=[Step(fault="cut_clients", lasts=4.0)],
        most={"recovered": 7.0, "streams back": 5.0},
        ci=False,
    ),
    Script(
        name="sliced-clients",
        row="slow clients: byte by byte",
        steps=[
            Step(fault="slice_clients", lasts=2.0),
            Step(fault="slow_clients", at=3.5, lasts=1.0),
        ],
        players=4,
        most={"failed": 0},
        ci=False,
    ),
    Script(
        name="many-connections",
        row="file descriptors used up",
        steps=[Step(fault="many_connections", lasts=1.0)],
        descriptors=160,
        processes=1,
        least={"served": 10},
        most={"recovered": 1.0},
        ci=False,
    ),
    Script(
        name="one-address",
        row="one address opens all connections that it can, and sends nothing",
        steps=[Step(fault="one_address", at=1.0)],
        descriptors=256,
        processes=1,
        least={"probes": 20, "evicted": 200},
        most={"failed": 0, **STREAMS},
    ),
    Script(
        name="cut-node",
        row="node cut off from PostgreSQL only",
        steps=[Step(fault="cut_one", lasts=5.5)],
        least={"refused": 1, "ready, not cut off": 1},
        most={"ready, cut off": 0, "slowest": 5.0, "recovered": 6.0, "streams cut": 0},
        **TWO,
    ),
    Script(
        name="cut-worker",
        row="database connections of one worker cut, those of the others intact",
        steps=[Step(fault="cut_worker", lasts=5.0)],
        least={"ready, one cut off": 1},
        most={"share refused later": 0.05, "slowest": 5.0, "recovered": 6.0},
    ),
    Script(
        name="lose-notices",
        row="NOTIFY lost, listener reconnecting, bus down",
        steps=[Step(fault="lose_notices", lasts=2.0)],
        within=2.5,
        most={"failed": 0, **STREAMS},
        **TWO,
    ),
    Script(
        name="jump-clock",
        row="wall clock jumps an hour",
        steps=[Step(fault="jump_clock", lasts=1.0)],
        clock=True,
        least={"token before": 200, "token after": 401},
        most={"failed": 0, "token before": 200, **STREAMS},
    ),
    Script(
        name="hostile",
        row="malformed, slow, oversized, pipelined, smuggled requests; deflate bombs; each twice",
        steps=[Step(fault="hostile")],
        memory=3 * 2**20,
        least={"inputs": 200},
        most={"failed": 0, "silence": 2.5, "memory kept": 1.5},
        ci=False,
    ),
    Script(
        name="refused-heads",
        row="9,000 refused requests with long heads",
        steps=[Step(fault="refused_heads")],
        **MEMORY,
    ),
    Script(
        name="forwarding-headers",
        row="8,192 long forwarding headers, from a peer that is not trusted",
        steps=[Step(fault="forwarding_headers")],
        environ={"HUNT_SESSION_RATE": "0", "HUNT_GUESTS": "true"},
        **MEMORY,
    ),
    Script(
        name="forwarding-headers-trusted",
        row="8,192 long forwarding headers, from a trusted proxy",
        steps=[Step(fault="forwarding_headers")],
        environ={
            "HUNT_SESSION_RATE": "0",
            "HUNT_GUESTS": "true",
            "HUNT_TRUSTED_PROXIES": "127.0.0.1",
        },
        ci=False,
        **MEMORY,
    ),
    Script(
        name="some-guests",
        row="4,000 guests",
        steps=[Step(fault="many_guests", give={"count": 4000})],
        environ={"HUNT_SESSION_RATE": "0", "HUNT_GUESTS": "true"},
        **MEMORY,
    ),
    Script(
        name="many-guests",
        row="60,000 guests, twice",
        steps=[Step(fault="many_guests", give={"repeated": True})],
        environ={"HUNT_SESSION_RATE": "0", "HUNT_GUESTS": "true"},
        ci=False,
        **MEMORY | {"most": {"memory kept": 2.0}},
    ),
    Script(
        name="same-moment",
        row="the same id at the same moment on two nodes",
        steps=[Step(fault="same_moment")],
        most={"failed": 0},
        **TWO,
    ),
)  # fmt: skip

SCRIPTS = {
    script.name: script
    for script in (
        *store_matrix.SCRIPTS,
        *bus_matrix.SCRIPTS,
        *grey_matrix.SCRIPTS,
        *webhook_matrix.SCRIPTS,
        *rule_matrix.SCRIPTS,
        *schedule_matrix.SCRIPTS,
        *_SCRIPTS,
    )
}
