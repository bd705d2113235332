"""Ends what a test run has started, also where the run is killed.

A run marks its environment, which its processes and theirs inherit, and starts this file
as a small process of its own.  That process waits for the run's end, kills whatever is
marked, and removes the run's temporary folder.  A run that was killed cannot tidy up, and
no signal reaches all: a worker of Hypercorn outlives its master, a frozen PostgreSQL
ignores what its parent left it.
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

VARIABLE = "RUN_OF_HUNT_TESTS"  #: holds the mark; not a setting of hunt

_DONE = b"done"
_PATIENCE = 30.0  # seconds until all that was killed has gone
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)

_held: Leash | None = None


class Leash:
    """The run's side: what is started from now on ends with this process."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hunt-run-"))
        self.folder.chmod(0o755)  # PostgreSQL, which is another user where we are root, passes
        self._pid = os.getpid()
        self._before = os.environ.get("TMPDIR"), tempfile.tempdir
        mark = secrets.token_hex(16)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, mark],
            stdin=subprocess.PIPE,
            # Without the mark of a run that has started this one: each tidies up by itself.
            env={"PATH": os.environ.get("PATH", os.defpath)},
            # What kills the run by its group does not kill this.
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
        """Have a folder removed that a run which ends by itself leaves behind."""
        self._tell(b"if-killed " + os.fsencode(folder))

    def release(self) -> None:
        """Kill what still runs, and remove the temporary folder; return once that is done."""
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


def hold() -> Leash:
    """Return the leash of this process, which is made at the first call.

    A process that was forked by one with a leash, and a second run of pytest in one
    process (mutmut does both), get a leash of their own.
    """
    global _held  # ruff: ignore[global-statement] - there is one environment
    if _held is None or not _held.holds():
        _held = Leash()
        atexit.register(release)
    return _held


def release() -> None:
    """Release the leash of this process, where there is one."""
    if _held is not None and _held.holds():
        _held.release()


def marked(mark: bytes, folders: list[bytes]) -> set[int]:
    """Return the processes of a run.

    PostgreSQL gets a clean environment, and is found by the folder that it works in.
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
    """Remove a folder, and the file systems that are mounted in it."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_bytes().splitlines()]
    for mount in mounts:
        if mount.startswith(folder + b"/"):
            subprocess.run(["umount", "-l", mount], check=False)
    shutil.rmtree(folder, ignore_errors=True)


def main(mark: bytes) -> None:
    """Wait for the end of a run, and tidy up."""
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
