"""Clean up after a test run, even if the run is killed.

A run sets a variable in its environment, which all its processes inherit, and starts this
file as a process of its own.  That process waits for the end of the run, kills all processes
with the variable, and removes the temporary folder of the run.  A killed run cannot clean up
itself, and no signal reaches all its processes: a worker of Hypercorn outlives its master,
and a frozen PostgreSQL ignores signals.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

VARIABLE = "RUN_OF_HUNT_TESTS"  #: variable with the mark of the run; not a setting of hunt

_DONE = b"done"
_PATIENCE = 30.0  # seconds to wait for killed processes
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)

_held: Reaper | None = None


class Reaper:
    """A leash: processes that are started from now on end with the process of the test run."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hunt-run-"))
        self.folder.chmod(0o755)  # for PostgreSQL, which runs as another user under root
        self._pid = os.getpid()
        self._before = os.environ.get("TMPDIR"), tempfile.tempdir
        mark = secrets.token_hex(16)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, mark],
            stdin=subprocess.PIPE,
            # Without the mark of an outer run: each run cleans up by itself.
            env={"PATH": os.environ.get("PATH", os.defpath)},
            # A signal to the process group of the run does not reach it.
            start_new_session=True,
        )
        self._tell(b"remove " + os.fsencode(self.folder))
        os.environ[VARIABLE] = mark
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.folder)

    def _tell(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def remove_if_killed(self, folder: Path) -> None:
        """Remove `folder` if the run is killed; a normal end keeps it."""
        self._tell(b"if-killed " + os.fsencode(folder))

    def release(self) -> None:
        """Kill remaining processes, and remove the temporary folder; wait for both."""
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            self._tell(_DONE)
            self._process.stdin.close()
            self._process.wait()
            variable, tempfile.tempdir = self._before
            if variable is None:
                os.environ.pop("TMPDIR", None)
            else:
                os.environ["TMPDIR"] = variable

    def holds(self) -> bool:
        """Return whether it holds this process: it is not released, nor of one that forked it."""
        assert self._process.stdin is not None
        return self._pid == os.getpid() and not self._process.stdin.closed


def hold() -> Reaper:
    """Return the leash of this process, which is made at the first call.

    A process that was forked by one with a leash, and a second run of pytest in one
    process (mutmut does both), get a leash of their own.
    """
    global _held  # ruff: ignore[global-statement] - there is one environment
    if _held is None or not _held.holds():
        _held = Reaper()
        atexit.register(release)
    return _held


def release() -> None:
    """Release the leash of this process, where there is one."""
    if _held is not None and _held.holds():
        _held.release()


def marked(mark: bytes, folders: list[bytes]) -> set[int]:
    """Return the processes of a run.

    PostgreSQL has a clean environment, and is found by its working directory.
    """
    found = set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        process = Path("/proc", entry)
        with suppress(*_GONE):
            environ = (process / "environ").read_bytes()
            if VARIABLE.encode() + b"=" + mark in environ.split(b"\0"):
                found.add(int(entry))
            elif (process / "comm").read_text("utf-8") == "postgres\n":
                works_in = os.fsencode(os.readlink(process / "cwd"))
                if any(works_in.startswith(folder + b"/") for folder in folders):
                    found.add(int(entry))
    return found


def remove(folder: bytes) -> None:
    """Remove a folder; unmount file systems in it first."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_bytes().splitlines()]
    for mount in mounts:
        if mount.startswith(folder + b"/"):
            subprocess.run(["umount", "-l", mount], check=False)
    shutil.rmtree(folder, ignore_errors=True)


def main(mark: bytes) -> None:
    """Wait for the end of a run, and clean up."""
    always: list[bytes] = []
    if_killed: list[bytes] = []
    killed = True
    for line in sys.stdin.buffer:
        word, _, folder = line.rstrip(b"\n").partition(b" ")
        match word:
            case b"remove":
                always.append(folder)
            case b"if-killed":
                if_killed.append(folder)
            case _:
                killed = word != _DONE
    folders = always + if_killed if killed else always
    last = time.monotonic() + _PATIENCE
    while (found := marked(mark, folders)) and time.monotonic() < last:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    for folder in folders:
        remove(folder)


if __name__ == "__main__":
    main(sys.argv[1].encode())
