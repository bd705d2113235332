"""Only the user of the embedded PostgreSQL can read its data and connect to it."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import shutil
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import trio

from hunt.embedded import postgres
from hunt.embedded.accounts import NOBODY, UNASSIGNED
from hunt.embedded.data_folder import make_private
from hunt.embedded.launcher import STOP, Launcher
from hunt.errors import SettingsError
from hunt.store.driver.connection import Connection
from hunt.subprocesses import end
from tests.support.embedded_postgres import HOLD, ask, postmaster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

OTHERS = [NOBODY, pwd.getpwnam("daemon").pw_uid]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder that every user can reach, unlike pytest's."""
    made = Path(tempfile.mkdtemp(prefix="hunt-access-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def become(uid: int, function: Callable[[], object]) -> str:
    """Run `function` as another user, in a process of its own; return its result."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest-xdist has a thread
        pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            outcome = f"ok: {function()}"
        except BaseException as error:  # after any error this forked process must end
            outcome = f"{type(error).__name__}: {error}"
        os.write(write, outcome.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        outcome = pipe.read()
    os.waitpid(pid, 0)
    return outcome


def read_all(top: Path) -> list[str]:
    """Return the files below `top` that this user can read."""
    found = []
    for parent, _, names in os.walk(top):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and os.access(path, os.R_OK):
                found.append(name)
    return found


def connect(conninfo: str) -> object:
    with psycopg.connect(conninfo) as conn:
        return conn.execute("select current_user").fetchone()


def owners(top: Path) -> set[int]:
    paths = [top, *top.rglob("*")]
    return {path.lstat().st_uid for path in paths}


@as_root
async def test_server_of_root_has_a_user_id_of_its_own(folder: Path) -> None:
    data = folder / "data"
    async with postgres.server(data) as conninfo:
        [uid] = owners(data / "postgresql")
        assert uid in UNASSIGNED
        assert Path(f"/proc/{postmaster(data)}").stat().st_uid == uid
        with pytest.raises(KeyError):
            pwd.getpwuid(uid)
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "postgresql.lock").stat().st_mode) == 0o600
        assert stat.S_IMODE((data / "socket").stat().st_mode) == 0o700
        assert "ok" in become(0, lambda: connect(conninfo)), "the check itself works"
        for other in OTHERS:
            assert become(other, lambda: read_all(data)) == "ok: []"
            assert "Permission denied" in become(other, lambda: connect(conninfo))
            assert "PermissionError" in become(other, (data / "postgresql.lock").open)


@as_root
async def test_client_that_reaches_the_socket_is_still_refused(folder: Path) -> None:
    data = folder / "data"
    async with postgres.server(data) as conninfo:
        [uid] = owners(data / "postgresql")
        for each in (data, data / "socket"):
            each.chmod(0o755)
        assert "ok" in become(0, lambda: connect(conninfo))
        for other in (*OTHERS, uid):
            outcome = become(other, lambda: connect(conninfo))
            assert "eer authentication failed" in outcome or "could not look up" in outcome


@as_root
async def test_cluster_of_the_shared_user_gets_one_of_its_own(folder: Path) -> None:
    data = folder / "data"
    async with postgres.server(data) as conninfo:
        async with await Connection.connect(conninfo) as conn:
            await conn.execute("create table kept as select 7 as n")
    # The state that an earlier release left.
    for path in [data / "postgresql", *(data / "postgresql").rglob("*")]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    data.chmod(0o755)
    async with postgres.server(data) as conninfo:
        assert await ask(conninfo, "select n from kept") == 7
        [uid] = owners(data / "postgresql")
        assert uid in UNASSIGNED
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


@as_root
async def test_lock_of_another_user_does_not_delay_the_start(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(mode=0o755)
    (data / "hunt.lock").touch(0o644)  # the state that an earlier release left
    held = os.open(data / "hunt.lock", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)  # any user could hold this lock
    try:
        async with postgres.server(data, start_timeout=20) as conninfo:
            assert await ask(conninfo, "select 1") == 1
    finally:
        os.close(held)
    assert "PermissionError" in become(NOBODY, (data / "postgresql.lock").open)


@as_root
async def test_server_of_an_ordinary_user_is_for_that_user(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(mode=0o755)
    os.chown(data, NOBODY, NOBODY)
    # The user can reach this Python, which may be in a private folder of root.
    reach = (
        Path(sys.executable).resolve().parent,
        *(Path(each) for each in sys.path if Path(each, ".").is_dir()),
    )
    launcher = Launcher(folder / "log", (NOBODY, NOBODY), reach)
    process = launcher.start([sys.executable, "-c", HOLD, data])
    try:
        with trio.fail_after(60):
            while not (folder / "log").read_text().startswith("host="):
                assert process.poll() is None, launcher.tail()
                await trio.sleep(0.05)
        conninfo = (folder / "log").read_text().splitlines()[0]
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert owners(data) == {NOBODY}
        [daemon] = [each for each in OTHERS if each != NOBODY]
        assert "ok" in become(NOBODY, lambda: connect(conninfo))
        assert "ok" in become(0, lambda: connect(conninfo)), "root can do anything"
        assert become(daemon, lambda: read_all(data)) == "ok: []"
        assert "Permission denied" in become(daemon, lambda: connect(conninfo))
        for each in (data, data / "socket"):
            each.chmod(0o755)
        assert "eer authentication failed" in become(daemon, lambda: connect(conninfo))
    finally:
        await end(process.pid, STOP)
        process.wait()


def test_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    (folder / "of the operator").touch()
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755, "others may read, and nothing is theirs"
    folder.chmod(0o1777)
    with pytest.raises(SettingsError, match="chmod go-w"):
        make_private(folder)


async def test_link_in_place_of_the_lock_is_refused(folder: Path) -> None:
    victim = folder / "victim"
    victim.touch()
    data = folder / "data"
    data.mkdir()
    (data / "postgresql.lock").symlink_to(victim)
    with pytest.raises(SettingsError, match=os.strerror(errno.ELOOP)):
        async with postgres.server(data):
            pass
