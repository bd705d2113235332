"""Graceful shutdown: refuse new work, end streams, commit what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog
import trio

from hunt.service.hub import Hub
from hunt.service.readiness import Readiness

log = structlog.get_logger("hunt")


class Commits(Protocol):
    """Clicks that wait for their commit, as `Lanes` or `JointCommits`."""

    async def drain(self) -> None:
        """Refuse new clicks, and return once all waiting ones are committed."""

    def queued(self) -> int:
        """Return the number of waiting clicks."""


class Drain:
    """Drains one process, once.

    Args:
        readiness: Reports "draining" from the first moment.
        hub: Its streams are told to reconnect, and end.
        commits: The clicks that wait in them are committed.
        delay: Seconds, >= 0, for which clicks are still accepted, so that a load balancer
            can notice that the process is not ready.
        timeout: Seconds, > 0, after `delay` in which streams must end and clicks commit.
        refusing: Called before the first click is refused; must not block.
        drained: Called at the end; must not block.
    """

    def __init__(
        self,
        *,
        readiness: Readiness,
        hub: Hub,
        commits: Commits,
        delay: float,
        timeout: float,
        refusing: Callable[[], None],
        drained: Callable[[], None],
    ) -> None:
        self._readiness = readiness
        self._hub = hub
        self._commits = commits
        self._delay = delay
        self._timeout = timeout
        self._refusing = refusing
        self._drained = drained
        self._finished = trio.Event()
        self.requested = trio.Event()  #: set when an operator wants this process to end

    async def run(self) -> None:
        """Drain; a second call waits for the first one."""
        if self._readiness.draining:
            await self._finished.wait()
            return
        self._readiness.begin_drain()
        log.info("drain started")
        await trio.sleep(self._delay)
        self._refusing()
        with trio.move_on_after(self._timeout) as scope:
            await self._hub.close()
            await self._commits.drain()
        if scope.cancelled_caught:
            log.error("drain timed out", waiting_clicks=self._commits.queued())
        self._drained()
        self._finished.set()
        log.info("drain finished")
