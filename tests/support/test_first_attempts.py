"""`tests.support.first_attempts`, in a run whose only test passes when it is repeated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FAILS_ONCE = """
from pathlib import Path

def test_second_attempt_passes():
    print("what the server said")
    attempts = Path(__file__).with_name("attempts")
    attempts.touch() if (first := not attempts.exists()) else None
    assert not first, "the first attempt"
"""


@pytest.mark.parametrize("processes", ["0", "1"])
def test_failure_of_a_first_attempt_is_printed(tmp_path: Path, processes: str) -> None:
    test = tmp_path / "test_once.py"
    test.write_text(FAILS_ONCE)
    options = [f"--rootdir={tmp_path}", "-c", "/dev/null", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.first_attempts", *options]
    done = subprocess.run(
        [*command, "-n", processes, "--reruns", "1", str(test)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "AssertionError: the first attempt" in done.stdout
    assert "what the server said" in done.stdout
