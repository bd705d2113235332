"""The controlling terminal of a server, and the meaning of a SIGHUP.

SIGHUP has two meanings: a request for a rolling restart, by an operator or systemd, or the
end of the terminal.  A server that was started from a terminal ends by the signal once the
terminal is lost.  A server that was started with `nohup` ignores the end of its terminal.
"""

from __future__ import annotations

import os
import signal

import trio

_POLL = 1.0  # seconds between two checks of the terminal
_LATE = 2.0  # maximum time from the loss of a terminal to its signal, in seconds
_SETTLE = 0.5  # seconds from the signal of an exiting shell until its terminal is closed


class Terminal:
    """The terminal from which this process was started, if there is one."""

    def __init__(self) -> None:
        self._has_one = _exists()
        #: Whether the server ends with its terminal: false under `nohup`.
        self.ends_server = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN

    async def forget_once_lost(self) -> None:
        """Return once the terminal is lost and its SIGHUP, if any, must have arrived.

        A shell sends none to a job that it has disowned.  A later SIGHUP is a restart.
        """
        while self._has_one:
            await trio.sleep(_POLL)
            if not _exists():
                await trio.sleep(_LATE)
                self._has_one = False

    async def has_closed(self) -> bool:
        """Return whether a SIGHUP that has just arrived means that the terminal has closed."""
        if self._has_one and _exists():
            await trio.sleep(_SETTLE)
        return self._has_one and not _exists()


def _exists() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return False
    return True
