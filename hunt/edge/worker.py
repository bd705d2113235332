"""Hypercorn's worker, as far as the application has to know of it."""

from __future__ import annotations

import trio
from hypercorn.trio.worker_context import WorkerContext

#: One a run, not a global: two servers in one process do not meet.
_current: trio.lowlevel.RunVar[Worker | None] = trio.lowlevel.RunVar("hunt_worker", default=None)


class Worker(WorkerContext):
    """Hypercorn's context of a worker, which the application can find.

    Hypercorn tells the application of a shutdown only after the connections
    have drained, which they cannot while streams are open (TRAPS, H8).  So the
    application waits for `wait_stopping` itself, and asks for a stop by `stop`.
    """

    def __init__(self, max_requests: int | None) -> None:
        super().__init__(max_requests)
        self.connections = 0  #: of clients, open now
        _current.set(self)

    async def wait_stopping(self) -> None:
        """Return once Hypercorn has closed its listening sockets."""
        await self.terminated.wait()

    async def stop(self) -> None:
        """Ask Hypercorn to close its listening sockets and end."""
        await self.terminate.set()


def current() -> Worker | None:
    """Return the worker of this Trio run, or None where Hypercorn does not serve."""
    return _current.get()
