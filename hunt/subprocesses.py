"""Functions that wait for processes and end them, without a thread for each."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import trio

#: Signals to send in turn, each with the seconds to wait for the process to end.
Steps = Sequence[tuple[signal.Signals, float]]

_PIDFD_OPEN = 434  # number of the system call, the same on every architecture


async def wait_exit(pid: int) -> None:
    """Wait until process `pid` has ended; do not reap it."""
    try:
        with _pidfd(pid) as fd:
            await trio.lowlevel.wait_readable(fd)
    except ProcessLookupError:
        await trio.lowlevel.checkpoint()


async def end(pid: int, steps: Steps) -> None:
    """Send the signals of `steps` until process `pid` has ended; cannot be cancelled."""
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


def kill(pid: int) -> int:
    """Kill child `pid`, unless it has ended; reap it, and return its status as in `subprocess`."""
    os.kill(pid, signal.SIGKILL)  # does nothing to a process that has ended
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


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
