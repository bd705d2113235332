"""One PostgreSQL for a test run, and a fresh or emptied database for each test that asks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import HealthCheck, Phase, settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.support import first_attempts, measuring, reaper, seeds
from tests.support.database import SERVER, execute
from tests.support.databases import Databases, make_template
from tests.support.pg_hba import trusting
from tests.support.requirements import required

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling
    from xdist.workermanage import WorkerController


# No deadline: the time of an example depends on how busy the machine is. The examples are the
# same in each run, so that no change fails by chance; `tests.support.seeds` has the exceptions.
settings.register_profile(
    "hunt",
    deadline=None,
    derandomize="HUNT_TEST_RANDOM" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
# A test of a mutant ends at the first example that fails; a smaller one tells nothing more.
settings.register_profile(
    "mutants", settings.get_profile("hunt"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("hunt")

#: Packages whose tests run in one process, one after the other, because they measure time or
#: share a server.
SERIAL_PACKAGES = {
    "tests/faults": "clock",
    "tests/life": "clock",
    "tests/zones": "clock",
    "tests/browser": "browser",
}

#: Long parts, which start first.
LONG = ("clock", "tests/simulation/test_simulation.py", "tests/web/routes/test_clicks.py")

#: Packages without processes, sockets and databases: their tests cannot fail by time.
PURE_PACKAGES = ("tests/core/", "tests/service/", "tests/metrics/", "tests/play/", "tests/docs/")

#: How often CI repeats a failed test that measures time on a machine which others use, too.
RETRIES = int(os.environ.get("HUNT_TEST_RETRIES", "0"))

#: The part that uses several cores.  It starts once the tests that measure time have ended.
BROWSER = "browser"


def pytest_report_header() -> str:
    """Print the seed that repeats this run."""
    return f"hunt: {seeds.VARIABLE}={seeds.SEED} repeats the generated part of this run"


def pytest_configure(config: pytest.Config) -> None:
    """Start the reaper of this run."""
    config.pluginmanager.register(first_attempts)
    # pytest keeps the folders of the last runs that ended normally.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    reaper.hold()


def pytest_unconfigure() -> None:
    """Clean up: a worker process of pytest-xdist may end without its exit handlers."""
    reaper.release()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Register the folder of the tests for removal."""
    reaper.hold().remove_if_killed(session.config._tmp_path_factory.getbasetemp())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Repeat what may fail by time, and run long parts first.

    The order lets all processes of pytest-xdist end together.
    """
    for each in items:
        if not each.nodeid.startswith(PURE_PACKAGES):
            each.add_marker(pytest.mark.flaky(reruns=RETRIES))
    if not hasattr(config, "workerinput"):
        return

    def rank(item: pytest.Item) -> int:
        part = _part(item.nodeid)
        return LONG.index(part) if part in LONG else len(LONG) + (part == BROWSER)

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Schedule tests that share fixtures together: by serial package, or else by file."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _part(nodeid)

        def _assign_work_unit(self, node: WorkerController) -> None:
            others = (units for each, units in self.assigned_work.items() if each is not node)
            timed = any(False in units.get("clock", {}).values() for units in others)
            if BROWSER in self.workqueue and not timed and "clock" not in self.workqueue:
                self.workqueue.move_to_end(BROWSER, last=False)
            super()._assign_work_unit(node)

    config.option.loadscopereorder = False  # they are sorted by duration already
    return Scheduling(config, log)


def _part(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    package = "/".join(file.split("/")[:2])
    return SERIAL_PACKAGES.get(package, file)


@pytest.fixture
def unmeasured() -> Iterator[None]:
    """Disable coverage in a test and in its processes.

    Coverage takes two thirds of the time of a long run, and finds no new lines in it.
    """
    traces = sys.gettrace(), threading.gettrace()
    with pytest.MonkeyPatch.context() as patch:
        for name in measuring.VARIABLES:
            patch.delenv(name, raising=False)
        if type(traces[0]).__module__.startswith("coverage"):  # not a debugger's
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        yield
        sys.settrace(traces[0])
        threading.settrace(traces[1])  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the connection string of a superuser on a real server."""
    given = os.environ.get("HUNT_TEST_POSTGRES")
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="hunt-test-", ignore_cleanup_errors=True) as folder:
        # If the tests run as root, PgBouncer runs as another user.
        rules = trusting(Path(folder))["hba_file"]
        command = [sys.executable, "-c", SERVER, folder, rules]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            conninfo = process.stdout.readline().decode().strip()
            assert conninfo, "the embedded server did not start"
            yield conninfo
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """Yield the name of a template database with the schema."""
    given = os.environ.get("HUNT_TEST_TEMPLATE")
    if given is not None:
        yield given
        return
    name = make_template(postgres)
    yield name
    drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
    trio.run(execute, postgres, drop)


@pytest.fixture(scope="session")
def databases(postgres: str, template: str) -> Iterator[Databases]:
    """Yield the databases of this run, which tests use one after another."""
    found = Databases(postgres, template)
    yield found
    found.close()


@pytest.fixture
def database(postgres: str, databases: Databases) -> Iterator[str]:
    """Yield the connection string of a fresh database."""
    yield from _taken(postgres, databases)


@pytest.fixture(scope="module")
def shared_database(postgres: str, databases: Databases) -> Iterator[str]:
    """Yield the connection string of a database for all tests of a module."""
    yield from _taken(postgres, databases)


@pytest.fixture
def other_database(postgres: str, databases: Databases) -> Iterator[str]:
    """Yield the connection string of a second fresh database."""
    yield from _taken(postgres, databases)


def _taken(postgres: str, databases: Databases) -> Iterator[str]:
    name = databases.take()
    yield make_conninfo(postgres, dbname=name)
    databases.give_back(name)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium; skip the test without it, unless skipping is forbidden."""
    return str(required(Path("/usr/bin/chromium"), "Debian's chromium is not installed"))
