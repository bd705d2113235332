"""All processes that a test run has started end with it, even if it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hunt.bench.process_usage import descendants, process_table
from tests.support.processes import gone, until

RUN = "tests/life/left_behind.py"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("workers", [0, 2])
async def test_killed_run_leaves_no_process_and_no_folder(tmp_path: Path, workers: int) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    file = tmp_path / "report.json"
    environ = {**os.environ, "HUNT_TEST_REPORT": str(file)}
    # As from a shell: without the folders of this run.
    for name in ("TMPDIR", "PYTEST_DEBUG_TEMPROOT"):
        environ.pop(name, None)
    process = subprocess.Popen(
        [*command, "-n", str(workers), RUN], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL
    )
    try:
        await until(lambda: file.exists() or process.poll() is not None, seconds=120)
        report = json.loads(file.read_text("utf-8"))
        known = process_table()
        started = descendants([process.pid], known)
        names = [known[pid].name for pid in started]
        assert names.count("postgres") >= 2, "the run's own, and that of hunt serve"
        assert report["process"] in started
        folders = [Path(each) for each in report["folders"]]
        assert all(folder.is_dir() for folder in folders)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    await until(lambda: all(gone(pid) for pid in started), seconds=60)
    await until(lambda: not any(folder.exists() for folder in folders), seconds=60)
