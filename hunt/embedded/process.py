"""Programs of PostgreSQL as child processes: how they start, are awaited and end.

Linux ties "die with your parent" to the *thread* that forked. `trio.run_process`
forks in a worker thread that ends soon after, and would take PostgreSQL with it. So
we fork right here, in Trio's own thread, which blocks for a millisecond or two, and
wait through a pidfd.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trio

from hunt.embedded.child import FAILED
from hunt.errors import SettingsError, StoreUnavailable

_CHILD = Path(__file__).with_name("child.py")
_PIDFD_OPEN = 434  # the same number on every architecture

Steps = Sequence[tuple[signal.Signals, float]]

#: How PostgreSQL is stopped: what to send, and seconds to wait for its end.
STOP: Steps = (
    (signal.SIGINT, 10.0),  # fast: sessions are ended, then a checkpoint
    (signal.SIGQUIT, 5.0),  # immediate: recovers from the log at the next start
    (signal.SIGKILL, float("inf")),
)


@dataclass(frozen=True, slots=True)
class Launcher:
    """How programs are started for one data folder."""

    log: Path  #: where they write
    user: tuple[int, int] | None  #: user and group to become, or None to stay who we are
    reach: tuple[Path, ...]  #: folders that they have to pass through

    def start(self, command: Sequence[str | Path], *, text: str = "") -> subprocess.Popen[bytes]:
        """Start `command`, with a `text` of a few lines as its standard input."""
        uid, gid = self.user or (-1, -1)
        # Nothing of ours is for PostgreSQL to see: neither secrets (HUNT_*) nor
        # settings of another server (PGPORT, PGOPTIONS).
        kept = {"PATH", "LD_LIBRARY_PATH"}
        environ = {name: value for name, value in os.environ.items() if name in kept}
        environ["LC_ALL"] = "C"
        child: list[str | Path] = [
            sys.executable,
            "-I",
            "-S",
            _CHILD,
            str(os.getpid()),
            str(uid),
            str(gid),
        ]
        with open(open_private(self.log, os.O_WRONLY | os.O_APPEND), "ab", buffering=0) as log:
            process = subprocess.Popen(
                [*child, *self.reach, "--", *command],
                stdin=subprocess.PIPE if text else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environ,
                # Ctrl-C is for us: we stop PostgreSQL after the last commit.
                start_new_session=True,
            )
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # it ended before it read; its status says why
                process.stdin.write(text.encode())
            with suppress(BrokenPipeError):
                process.stdin.close()
        return process

    async def run(self, command: Sequence[str | Path], *, text: str = "") -> None:
        """Start `command` and wait for its end.

        Cancelled, it kills the program, and whatever that started.

        Raises:
            SettingsError: The child could not become `command`.
            StoreUnavailable: It failed.
        """
        process = self.start(command, text=text)
        try:
            await wait_exit(process.pid)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode != 0:
            raise self.failure(process.returncode, f"{Path(command[0]).name} failed")

    def failure(self, status: int, what: str) -> SettingsError | StoreUnavailable:
        """Return the error of a child that ended with `status`."""
        lines = self.tail()
        if status == FAILED:
            cure = (
                "run hunt as an ordinary user, choose another HUNT_DATA_DIR, "
                "or give HUNT_DATABASE_URL"
            )
            return SettingsError(
                f"cannot start the embedded PostgreSQL: {lines.rpartition(chr(10))[2]}; {cure}"
            )
        return StoreUnavailable(f"{what} (status {status}); the end of {self.log} is\n{lines}")

    def tail(self, count: int = 8) -> str:
        """Return the last lines of the log."""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-count:])


def open_private(path: Path, flags: int) -> int:
    """Open a file of the owner of its folder, and of no other user; make it if it is missing.

    Where root runs hunt in the folder of another user, that user can run it next.
    """
    fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(fd, owner.st_uid, owner.st_gid)
    return fd


async def wait_exit(pid: int) -> None:
    """Wait until there is no process `pid`, or it waits to be reaped."""
    try:
        with _pidfd(pid) as fd:
            await trio.lowlevel.wait_readable(fd)
    except ProcessLookupError:
        await trio.lowlevel.checkpoint()


async def end(pid: int, steps: Steps = STOP) -> None:
    """End process `pid`, kindly at first; cannot be cancelled."""
    with trio.CancelScope(shield=True):
        for signum, seconds in steps:
            try:
                os.kill(pid, signum)
            except ProcessLookupError:
                return
            with trio.move_on_after(seconds) as scope:
                await wait_exit(pid)
            if not scope.cancelled_caught:
                return


@contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    if sys.platform == "linux" and hasattr(os, "pidfd_open"):
        fd = os.pidfd_open(pid)
    else:  # Python was built with headers older than Linux 5.3
        fd = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_OPEN, pid, 0)
        if fd < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    try:
        yield fd
    finally:
        os.close(fd)
