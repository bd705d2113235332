"""The tests of a mutant run in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import forks
from tests.mutation.modules import ROOT

MODULE = f"""
import os
import pytest

@pytest.fixture(scope="session", autouse=True)
def removed_at_the_end():
    yield
    if os.environ[{forks.MUTANT!r}]:
        open("left", "a").write(os.environ[{forks.MUTANT!r}] + " ")

def test_slow():
    assert os.environ[{forks.MUTANT!r}] != "x_slow__mutmut_1"

def test_quick():
    open("ran", "a").write(os.environ[{forks.MUTANT!r}] + " ")
    assert os.environ[{forks.MUTANT!r}] != "x_both__mutmut_1"

def test_crash():
    if os.environ[{forks.MUTANT!r}] == "x_crash__mutmut_1":
        os.kill(os.getpid(), 9)
"""

CALLERS = {
    "x_both": ["test_it.py::test_slow", "test_it.py::test_quick", "test_gone.py::test"],
    "x_slow": ["test_it.py::test_slow"],
    "x_crash": ["test_it.py::test_crash"],
    "x_alone": [],
}


def run(folder: Path, chosen: tuple[str, ...], jobs: int) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin in a folder."""
    stats = {
        "tests_by_mangled_function_name": CALLERS,
        "duration_by_test": {
            "test_it.py::test_slow": 2.0,
            "test_it.py::test_quick": 1.0,
            "test_it.py::test_crash": 1.0,
        },
    }
    (folder / "mutmut-stats.json").write_text(json.dumps(stats))
    (folder / forks.CHOSEN).write_text("\n".join(chosen))
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-n", "0", "-p", "tests.mutation.forks"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), forks.JOBS: str(jobs)}
    return subprocess.run(
        [*command, "--rootdir", str(folder), "-c", os.devnull, "test_it.py"],
        cwd=folder, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("jobs", [1, 3])
def test_each_mutant_has_the_status_of_its_tests(tmp_path: Path, jobs: int) -> None:
    (tmp_path / "test_it.py").write_text(MODULE)
    expected = {
        "x_both__mutmut_1": 1,
        "x_both__mutmut_2": 0,
        "x_slow__mutmut_1": 1,
        "x_crash__mutmut_1": -9,
        "x_alone__mutmut_1": forks.NO_TESTS,
    }
    done = run(tmp_path, tuple(expected), jobs)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / forks.TESTED).read_text().splitlines()
    assert {line.split()[1]: int(line.split()[0]) for line in lines} == expected
    # The quickest test comes first, and tests that a mutant does not call are left out.
    assert sorted((tmp_path / "ran").read_text().split()) == [
        "x_both__mutmut_1",
        "x_both__mutmut_2",
    ]
    # Fixtures of the session end, also after a test that failed.
    left = {"x_both__mutmut_1", "x_both__mutmut_2", "x_slow__mutmut_1"}
    assert set((tmp_path / "left").read_text().split()) == left


def test_no_mutant_is_tested_if_the_tests_fail_without_one(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_slow():\n    assert False, 'a reason'\n")
    done = run(tmp_path, ("x_slow__mutmut_1",), 1)
    assert done.returncode == 1
    assert "a reason" in done.stdout
    assert not (tmp_path / forks.TESTED).exists()


def test_test_that_hangs_is_ended() -> None:
    pid = os.fork()
    if pid == 0:
        forks.Limit({"test_it": 0.05}.__getitem__).pytest_runtest_logstart("test_it")
        signal.pause()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGALRM
