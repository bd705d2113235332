"""A test run that starts servers of every kind, prints a sign, and waits to be killed.

Not collected: `test_killed_run` runs it.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
from pathlib import Path

import trio

from hunt.bench.process_usage import descendants, process_table
from tests.support.processes import hunt_serve, hypercorn
from tests.support.serving import SECRET


async def test_starts_servers_and_is_killed(database: str, tmp_path: Path) -> None:
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
    async with hunt_serve(tmp_path / "data") as server, hypercorn(environ, workers=2):
        # A stopped PostgreSQL does not react to the end of its parent.
        known = process_table()
        for pid in descendants([server.process.pid], known):
            if known[pid].name == "postgres":
                os.kill(pid, signal.SIGSTOP)
        folders = [tempfile.mkdtemp(prefix="hunt-test-"), str(tmp_path)]
        said = json.dumps({"process": os.getpid(), "folders": folders})
        report = Path(os.environ["HUNT_TEST_REPORT"])
        report.with_suffix(".new").write_text(said, "utf-8")
        report.with_suffix(".new").rename(report)
        await trio.sleep_forever()
