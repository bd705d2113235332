"""Notifications to systemd for a service of ``Type=notify`` (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

import trio

from hunt.logs import FaultLog

#: Variables for the supervisor process only; workers must not notify systemd.
VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")

log = FaultLog("hunt")


class Notifier:
    """Tells systemd the state of the service; has no effect if systemd did not start it.

    Args:
        environ: The environment of the process.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the NUL byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        pid = str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", pid) == pid
        #: Maximum time between two watchdog notifications, in seconds, > 0; None: no watchdog.
        self.watchdog = (
            int(microseconds) / 1e6 if ours and microseconds.isdecimal() and address else None
        ) or None

    def ready(self, status: str) -> None:
        """Notify that the service is open, also after `reloading`."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Notify that a rolling restart has begun; `ready` ends it."""
        # Type=notify-reload compares the time with that of its own SIGHUP.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Notify that the service drains."""
        self._send("STOPPING=1", "STATUS=draining")

    async def keep_alive(self) -> None:
        """Notify the watchdog twice in each of its periods, until cancelled.

        Return at once if systemd set no watchdog.
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
                # The server does not depend on systemd.
                log.warning("systemd notification failed", state=lines[0], error=str(exc))
