"""The rows of the matrix in which Valkey, which carries notices, fails."""

from __future__ import annotations

from typing import Any

from tests.faults.script import Script, Step
from tests.faults.store_matrix import STREAMS, TWO

#: Clicks go to one node and streams to the other, so every event needs the bus, or the poll.
APART: Any = {"bus": True, "apart": True, "within": 2.5, "answers": 200, **TWO}

#: No click fails, the latency is low again at the end, and the log has at most 150 lines.
WELL = {"failed": 0, "delivery p50": 0.2, "bus back": 3.0, "log lines": 150, **STREAMS}

_LOST: Any = {"least": {"ready without": 2}, "most": WELL, **APART}

SCRIPTS = (
    Script(
        name="kill-bus",
        row="Valkey killed (-9), started again",
        steps=[Step(fault="kill_bus", lasts=3.0)],
        **_LOST,
    ),
    Script(
        name="restart-bus",
        row="Valkey restarted",
        steps=[Step(fault="restart_bus")],
        most=WELL,
        **APART,
        ci=False,
    ),
    Script(
        name="freeze-bus",
        row="Valkey frozen (SIGSTOP) for 5 s",
        steps=[Step(fault="freeze_bus", lasts=5.0)],
        **_LOST,
        ci=False,  # tests/bus freezes the server in each landing
    ),
    Script(
        name="cut-bus",
        row="node cut off from Valkey only",
        steps=[Step(fault="cut_bus", lasts=5.0)],
        **_LOST,
    ),
    Script(
        name="slow-bus",
        row="Valkey slow: 200 ms each way",
        steps=[Step(fault="slow_bus", lasts=2.0)],
        **_LOST,
        ci=False,
    ),
    Script(
        name="fill-bus",
        row="Valkey cuts off a subscriber: its output buffer is full",
        steps=[Step(fault="fill_bus")],
        least={"ready without": 2, "subscribers cut off": 1},
        most=WELL,
        **APART,
        ci=False,
    ),
    Script(
        name="bus-password",
        row="Valkey refuses the password for 3 s",
        steps=[Step(fault="change_password", lasts=3.0)],
        least={"ready without": 2},
        most={"passwords logged": 0, **WELL},
        **APART,
        ci=False,
    ),
)
