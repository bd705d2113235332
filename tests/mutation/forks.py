"""A plugin of pytest: collect the tests once, then test each mutant in a process forked after that.

To start pytest and to import the project takes longer than most mutants live.  What runs when a
module is imported runs without a mutant.
"""

from __future__ import annotations

import json
import os
import signal
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn, TypedDict

import pytest

#: Files in the folder of the mutated code: names of the mutants, one a line, and a line with the
#: exit status and the name of each mutant that was tested.
CHOSEN: Final = "chosen.txt"
TESTED: Final = "tested.txt"

#: Variable with the number of mutants that are tested at once.
JOBS: Final = "HUNT_MUTATION_JOBS"

#: Variable that names the mutant of a process to the code of mutmut; empty: none.
MUTANT: Final = "MUTANT_UNDER_TEST"

#: Status of a mutant whose function no test calls; a signal that ended it is a negative status.
NO_TESTS: Final = 33


class Stats(TypedDict):
    """What mutmut measured: the tests that call each function, and the seconds of each test."""

    tests_by_mangled_function_name: dict[str, list[str]]
    duration_by_test: dict[str, float]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Test the chosen mutants, unless the tests fail without a mutant."""
    if session.testsfailed:
        return None  # some tests cannot be imported: pytest reports it
    stats: Stats = json.loads(Path("mutmut-stats.json").read_text("utf-8"))
    chosen = Path(CHOSEN).read_text("utf-8").splitlines()
    tests = Tests(session.items, stats)
    mutants = {each: tests.of(each) for each in chosen}
    called = {id(test) for items in mutants.values() for test in items}
    clean = [each for each in session.items if id(each) in called]
    limit = Limit(tests.seconds)
    os.environ[MUTANT] = ""
    _, status = os.waitpid(fork(session, "", clean, limit), 0)
    if status:
        session.items[:] = clean
        return None  # pytest runs them once more, and reports
    run(session, mutants, limit, int(os.environ[JOBS]))
    return True


class Tests:
    """The tests of each mutant.

    Args:
        items: All tests.
        stats: Which of them call a function, and how long they take.
    """

    def __init__(self, items: list[pytest.Item], stats: Stats) -> None:
        self._items = {each.nodeid: each for each in items}
        self._callers = stats["tests_by_mangled_function_name"]
        self._durations = stats["duration_by_test"]

    def of(self, mutant: str) -> list[pytest.Item]:
        """Return the tests that call the function of a mutant, in the order of their times.

        Those of a module stay together, as they share fixtures.
        """
        function, _, _ = mutant.rpartition("__mutmut_")
        called = [each for each in self._callers.get(function, ()) if each in self._items]
        modules: dict[str, float] = defaultdict(float)
        for each in called:
            modules[_module(each)] += self._durations[each]
        called.sort(key=lambda each: (modules[_module(each)], _module(each), self._durations[each]))
        return [self._items[each] for each in called]

    def seconds(self, test: str) -> float:
        """Return how long a test may take; on a busy machine, too, only a hang exceeds it."""
        return 30.0 + 4.0 * self._durations.get(test, 0.0)


class Limit:
    """A signal ends this process if a test takes too long.

    Args:
        seconds: Returns how long a test may take, with its fixtures.
    """

    def __init__(self, seconds: Callable[[str], float]) -> None:
        self._seconds = seconds

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Give a test its time."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, self._seconds(nodeid))


def run(
    session: pytest.Session, mutants: dict[str, list[pytest.Item]], limit: Limit, jobs: int
) -> None:
    """Test mutants by their tests, some at once; write down the status of each."""
    running: dict[int, str] = {}
    with Path(TESTED).open("w", encoding="utf-8") as tested:

        def wait() -> None:
            pid, status = os.wait()
            if pid in running:
                print(os.waitstatus_to_exitcode(status), running.pop(pid), file=tested, flush=True)

        for each, items in mutants.items():
            if not items:
                print(NO_TESTS, each, file=tested, flush=True)
                continue
            while len(running) >= jobs:
                wait()
            running[fork(session, each, items, limit)] = each
        while running:
            wait()


def fork(session: pytest.Session, mutant: str, items: list[pytest.Item], limit: Limit) -> int:
    """Start a process that runs tests until one fails, and return its id.

    Args:
        session: The session, whose tests are replaced.
        mutant: Name of the mutant, or empty.
        items: The tests.
        limit: Ends the process.
    """
    pid = os.fork()
    if pid == 0:
        os.environ[MUTANT] = mutant
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        session.config.pluginmanager.register(limit)
        _run_and_exit(session, items)
    return pid


def _run_and_exit(session: pytest.Session, items: list[pytest.Item]) -> NoReturn:
    from _pytest.main import pytest_runtestloop as run_tests

    status = 1
    try:
        session.items[:] = items
        session.config.option.maxfail = 1
        with suppress(session.Failed):  # the first test that fails ends the loop
            run_tests(session)
        session._setupstate.teardown_exact(None)
        status = int(session.testsfailed > 0)
    finally:
        os._exit(status)


def _module(test: str) -> str:
    return test.partition("::")[0]
