"""The controlling terminal of a server, and whether a SIGHUP says that it has closed.

SIGHUP has two meanings: an operator, or systemd, wants a rolling restart; or the terminal
has closed.  Only a server that was started from a terminal, and has lost it, is meant to
end by it.  One that was started with `nohup` is not: it ignores the signal.
"""

from __future__ import annotations

import os
import signal

import trio

_POLL = 1.0  # seconds between two looks whether the terminal is still there
_LATE = 2.0  # seconds from the loss of a terminal to the signal, at most
_SETTLE = 0.5  # seconds: a shell that exits signals its jobs first, and then lets the terminal go


class Terminal:
    """The terminal that this process was started from, if there is one."""

    def __init__(self) -> None:
        self._has_one = _is_there()
        #: Whether the server ends with its terminal, as it does unless `nohup` started it.
        self.ends_server = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN

    async def forget_once_lost(self) -> None:
        """Return some time after the terminal was lost: a signal after that has another reason.

        A shell sends none to a job that it has disowned.
        """
        while self._has_one:
            await trio.sleep(_POLL)
            if not _is_there():
                await trio.sleep(_LATE)
                self._has_one = False

    async def has_closed(self) -> bool:
        """Return whether a SIGHUP that has just come says that the terminal has closed."""
        if self._has_one and _is_there():
            await trio.sleep(_SETTLE)
        return self._has_one and not _is_there()


def _is_there() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return False
    return True
