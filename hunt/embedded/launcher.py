"""Start PostgreSQL's programs as child processes, and report why one failed.

Linux sends the death signal of a parent (prctl(2)) when the *thread* that forked ends.
`trio.run_process` forks in a worker thread that ends soon after, which would end
PostgreSQL, too. Programs are therefore forked in Trio's own thread, which blocks for a
millisecond or two.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hunt.embedded.files import open_private
from hunt.embedded.unprivileged_exec import FAILED
from hunt.errors import SettingsError, StoreUnavailable
from hunt.subprocesses import Steps, wait_exit

_SCRIPT = Path(__file__).with_name("unprivileged_exec.py")

#: Signals that stop PostgreSQL, in order.
STOP: Steps = (
    (signal.SIGINT, 10.0),  # fast shutdown: end the sessions, then a checkpoint
    (signal.SIGQUIT, 5.0),  # immediate shutdown: the next start recovers from the log
    (signal.SIGKILL, float("inf")),
)


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts programs for one data folder."""

    log: Path  #: file that their output is appended to
    user: tuple[int, int] | None  #: user and group to run as; None: those of this process
    reach: tuple[Path, ...]  #: folders whose content the user must be able to reach

    def start(self, command: Sequence[str | Path], *, text: str = "") -> subprocess.Popen[bytes]:
        """Start `command`, with a `text` of a few lines as its standard input."""
        uid, gid = self.user or (-1, -1)
        # PostgreSQL gets neither hunt's secrets (HUNT_*) nor settings of another
        # server (PGPORT, PGOPTIONS).
        kept = {"PATH", "LD_LIBRARY_PATH"}
        environ = {name: value for name, value in os.environ.items() if name in kept}
        environ["LC_ALL"] = "C"
        script: list[str | Path] = [
            sys.executable,
            "-I",
            "-S",
            _SCRIPT,
            str(os.getpid()),
            str(uid),
            str(gid),
        ]
        with open(open_private(self.log, os.O_WRONLY | os.O_APPEND), "ab", buffering=0) as log:
            process = subprocess.Popen(
                [*script, *self.reach, "--", *command],
                stdin=subprocess.PIPE if text else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environ,
                # PostgreSQL must not get Ctrl-C: hunt stops it after the last commit.
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

        If cancelled, kill the program and its child processes.

        Raises:
            SettingsError: The child process could not become `command`.
            StoreUnavailable: The program failed.
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

    def failure(self, status: int, event: str) -> SettingsError | StoreUnavailable:
        """Return the error for a child process that failed.

        Args:
            status: Its exit status.
            event: The start of the message, as ``initdb failed``.
        """
        lines = self.tail()
        if status == FAILED:
            cure = (
                "run hunt as an ordinary user, choose another HUNT_DATA_DIR, "
                "or give HUNT_DATABASE_URL"
            )
            return SettingsError(
                f"cannot start the embedded PostgreSQL: {lines.rpartition(chr(10))[2]}; {cure}"
            )
        return StoreUnavailable(f"{event} (status {status}); the end of {self.log} is\n{lines}")

    def tail(self, count: int = 8) -> str:
        """Return the last `count` lines of the log, of its last 4 KiB."""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-count:])
