"""What systemd wants to hear of a service of ``Type=notify`` (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

import structlog
import trio

#: Variables that are for the supervisor alone; its children must not speak for it.
VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")

log = structlog.get_logger("hunt")


class Notifier:
    """Tells systemd how the service is; says nothing where nobody listens."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" is how an environment writes the NUL of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usual = str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", usual) == usual
        #: Seconds within which systemd wants a word, > 0; None where it does not.
        self.watchdog = (
            int(microseconds) / 1e6 if ours and microseconds.isdecimal() and address else None
        ) or None

    def ready(self, status: str) -> None:
        """Say that the service is open, or open again after `reloading`."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that the processes are being restarted; `ready` ends it."""
        # Type=notify-reload compares the time with that of its own SIGHUP.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the service drains."""
        self._send("STOPPING=1", "STATUS=draining")

    async def keep_alive(self) -> None:
        """Say twice in each watchdog period that our loop turns, until cancelled.

        Returns at once where systemd set no watchdog.
        """
        while self.watchdog is not None:
            self._send("WATCHDOG=1")
            await trio.sleep(self.watchdog / 2)

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            try:
                sock.sendto("\n".join(lines).encode(), self._address)
            except OSError as exc:
                # systemd is what is missing then, and the game goes on without it.
                log.warning("systemd could not be notified", state=lines[0], error=str(exc))
