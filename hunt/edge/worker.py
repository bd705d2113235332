"""Hypercorn's worker, as far as the application and the park have to know of it."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import trio
from hypercorn.trio.worker_context import WorkerContext

from hunt.edge.admission import Admission, Slot
from hunt.edge.gate import Gate

if TYPE_CHECKING:
    from hunt.edge.connection import Connection
    from hunt.edge.park import Park
    from hunt.engine import Engine

#: In the state of a connection: its place in the limits.
SLOT = "hunt_slot"

log = structlog.get_logger("hunt")

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
        self.admission = Admission(trio.current_time)  #: connections of clients
        #: Exceptions that ended their connection only, sends that took too long.
        self.faults = Counter(contained=0, send=0)
        self.engine: Engine | None = None  #: while it serves
        self.park: Park | None = None  #: where connections wait; None: the fast lane is off
        self._make: Callable[[trio.SocketStream], Connection] | None = None
        self._nursery: trio.Nursery | None = None
        self._waiting: set[trio.CancelScope] = set()
        self._released = trio.Event()
        self.leaving = False  #: each answer is the last on its connection
        self.gate = Gate()  #: closed while new connections are left to other workers
        self._ending = False
        _current.set(self)

    @property
    def connections(self) -> int:
        """The number of clients' connections that are open now."""
        return self.admission.count

    def learn(self, make: Callable[[trio.SocketStream], Connection]) -> None:
        """Remember how Hypercorn makes a connection, and where it runs them."""
        self._make = make
        if self._nursery is None:
            self._nursery = trio.lowlevel.current_task().parent_nursery
            assert self._nursery is not None, "it is Hypercorn's that runs this"
            # It would end with its last task, and what is parked come here for nothing.
            self._nursery.start_soon(self.wait_released)

    def take(self, fd: int, received: bytes, slot: Slot) -> None:
        """Serve a connection by Hypercorn, in the nursery where it runs its own.

        Args:
            fd: Of the connection.
            received: What was read from it.
            slot: Its place in the limits.
        """
        assert self._nursery is not None, "what is parked came from Hypercorn"
        try:
            self._nursery.start_soon(self._serve, fd, received, slot)
        except RuntimeError:  # it has closed: the server is at its end
            slot.release()
            os.close(fd)

    async def _serve(self, fd: int, received: bytes, slot: Slot) -> None:
        assert self._make is not None, "as above"
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(socket.socket(fileno=fd)))
        try:
            connection = self._make(stream)
            connection.received, connection.slot = received, slot
            await connection.run()
        finally:
            await trio.aclose_forcefully(stream)

    @contextmanager
    def waiting(self) -> Iterator[trio.CancelScope]:
        """Wait for what a client may never send; leaves the block when the worker stops."""
        with trio.CancelScope() as scope:
            if self.released:
                scope.cancel()
            self._waiting.add(scope)
            try:
                yield scope
            finally:
                self._waiting.remove(scope)

    def leave(self) -> None:
        """Tell each client with its next answer that it is the last on its connection."""
        self._ending = True
        self._leave(last=True)

    def _leave(self, *, last: bool) -> None:
        self.leaving = last
        if self.park is not None:
            self.park.leave(last=last)

    def yield_clients(self, wanted: bool) -> None:
        """Leave clients to the other workers, or take them again.

        New connections wait for another worker to accept them; the others end with
        their next answer.  Streams stay.
        """
        if wanted != self.gate.is_open:
            return
        if wanted:
            self.gate.close()
        else:
            self.gate.open()
        if not self._ending:
            self._leave(last=wanted)
        log.info("clients left to other workers" if wanted else "clients taken again")

    async def part(self, patience: float) -> None:
        """End the connections on which no request has come.

        Args:
            patience: Seconds, >= 0, for clients to send one more, whose answer tells
                them to leave; those that have left are not waited for.
        """
        await self.wait_left(patience)
        if self.park is not None:
            await self.park.part()

    async def wait_left(self, patience: float) -> None:
        """Return once those clients have left that were told so, or after `patience` seconds."""
        if self.park is not None:
            with trio.move_on_after(patience):
                await self.park.wait_left()

    @property
    def released(self) -> bool:
        """Whether nothing waits for a client any more."""
        return self._released.is_set()

    def release(self) -> None:
        """End what waits for a client."""
        self._released.set()
        for scope in self._waiting:
            scope.cancel()

    async def wait_released(self) -> None:
        """Return once nothing waits for a client any more."""
        await self._released.wait()

    async def wait_stopping(self) -> None:
        """Return once Hypercorn has closed its listening sockets."""
        await self.terminated.wait()

    async def stop(self) -> None:
        """Ask Hypercorn to close its listening sockets and end."""
        await self.terminate.set()


def current() -> Worker | None:
    """Return the worker of this Trio run, or None where Hypercorn does not serve."""
    return _current.get()
