"""Hypercorn's worker context, extended by the objects that hunt's connections share."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext

from hunt.edge.admission import Admission, Slot
from hunt.edge.gate import Gate
from hunt.edge.park import Park
from hunt.logs import FaultLog
from hunt.play.play import Play

#: Seconds for which a worker leaves a new connection to the others; multiplied by the share of the
#: connection limit that it uses.
ACCEPT_DELAY = 0.005

#: The same for a worker that has nearly reached its limit, where it would refuse clients.
ACCEPT_DELAY_HIGH = 0.05

#: Share of the connection limit from which on a worker has nearly reached it.
HIGH_LOAD = 0.9

#: Share of the connection limit below which a worker accepts at once.
LOW_LOAD = 1 / 16

#: Key of a connection's slot in its ASGI state.
SLOT = "hunt_slot"

log = structlog.get_logger("hunt")
faults = FaultLog("hunt.edge")

# Hypercorn passes nothing of its worker to the application, so the worker is a variable of
# the Trio run.  With a global, two servers in one process, each with a run, would share it.
_current: trio.lowlevel.RunVar[Worker | None] = trio.lowlevel.RunVar("hunt_worker", default=None)
_config: trio.lowlevel.RunVar[Config | None] = trio.lowlevel.RunVar("hunt_config", default=None)


class Served(Awaitable[object], Protocol):
    """A connection that Hypercorn serves."""

    async def serve(self, received: bytes, slot: Slot) -> None:
        """Serve the connection: the bytes read so far, and its slot in the limits."""


@dataclass(frozen=True, slots=True)
class Service:
    """The objects of a running application that connections use."""

    play: Play
    admission: Admission  #: the connection limits
    park: Park | None  #: None: the fast lane is off
    own_socket: str | None  #: the address at which no other process listens, ``unix:/path``
    alone: bool = False  #: no other process listens at the other addresses either


class Worker(WorkerContext):
    """The context of a worker, which the application finds by `current`.

    Hypercorn tells the application of a shutdown only after the connections have drained,
    which they cannot while streams are open (H8 in docs/reference/traps.md).  Therefore the
    application waits for `wait_stopping` itself, and requests a stop by `stop`.

    Args:
        max_requests: See `WorkerContext`.
    """

    def __init__(self, max_requests: int | None) -> None:
        super().__init__(max_requests)
        self.config = _config.get() or Config()  #: Hypercorn's configuration
        #: Exceptions that ended one connection, and sends that took too long.
        self.faults = Counter(contained=0, send=0)
        self.gate = Gate()  #: closed while new connections are left to other workers
        self.announces_close = False  #: each response is the last on its connection
        self._service: Service | None = None
        self._unlimited = Admission(trio.current_time)  # for an application without an engine
        self._make: Callable[[trio.SocketStream], Served] | None = None
        self._nursery: trio.Nursery | None = None
        self._reads: set[trio.CancelScope] = set()
        self._reads_cancelled = trio.Event()
        self._draining = False
        _current.set(self)

    def begin(self, service: Service) -> None:
        """Serve connections by `service` from now on; called once, before any is accepted.

        Hypercorn makes the worker before the application's objects exist, so a constructor
        cannot take them.
        """
        self._service = service

    @property
    def play(self) -> Play | None:
        """The play API; None for an application that is not hunt's."""
        return None if self._service is None else self._service.play

    @property
    def park(self) -> Park | None:
        """The park; None if the fast lane is off."""
        return None if self._service is None else self._service.park

    @property
    def admission(self) -> Admission:
        """The connection limits."""
        return self._unlimited if self._service is None else self._service.admission

    @property
    def own_socket(self) -> str | None:
        """The address at which no other process listens, ``unix:/path``."""
        return None if self._service is None else self._service.own_socket

    def accept_delay(self) -> float:
        """Return the seconds for which a new connection is left to workers with fewer of them.

        Without it, the connections of a worker that restarts would spread over all workers, and
        those that restart last could reach their limits.
        """
        if self._service is None or self._service.alone:
            return 0.0
        load = self.admission.load()
        if load < LOW_LOAD:
            return 0.0
        return load * (ACCEPT_DELAY if load < HIGH_LOAD else ACCEPT_DELAY_HIGH)

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return self.admission.count

    def serve_by(self, make: Callable[[trio.SocketStream], Served], nursery: trio.Nursery) -> None:
        """Serve connections that the park hands over by `make`, in the nursery of Hypercorn."""
        self._make, self._nursery = make, nursery
        if self.park is not None:
            # Without a task the nursery would close, and could not serve connections of the park.
            nursery.start_soon(self.wait_reads_cancelled)

    def serve_handed_over(self, fd: int, received: bytes, slot: Slot) -> None:
        """Serve a connection from the park by Hypercorn.

        Args:
            fd: The descriptor of the connection, owned by the call.
            received: The bytes read so far.
            slot: The connection's slot in the limits.
        """
        assert self._nursery is not None, "connections are accepted afterwards"
        try:
            self._nursery.start_soon(self._serve_and_close, fd, received, slot)
        except RuntimeError:  # the nursery has closed: the server is ending
            slot.release()
            os.close(fd)

    async def _serve_and_close(self, fd: int, received: bytes, slot: Slot) -> None:
        assert self._make is not None, "as in `serve_handed_over`"
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(socket.socket(fileno=fd)))
        try:
            await self._make(stream).serve(received, slot)
        finally:
            await trio.aclose_forcefully(stream)

    @contextmanager
    def contained(self) -> Iterator[None]:
        """Keep the errors of one connection out of the server's nursery (H1).

        Hypercorn's protocols raise on hostile input, and an exception that leaves a
        connection ends the worker, and with it all workers.  Cancellation, and any
        other exception that is no `Exception`, passes.
        """
        try:
            yield
        except Exception as exc:
            # Broad on purpose, because hostile bytes may cause any exception.
            self._log_contained(exc)
        except BaseExceptionGroup as group:
            _, rest = group.split(Exception)
            if rest is not None:
                raise rest from None
            self._log_contained(group.exceptions[0])

    def _log_contained(self, error: BaseException) -> None:
        self.faults["contained"] += 1
        faults.warning("connection failed", error=type(error).__name__)

    @contextmanager
    def cancellable_read(self) -> Iterator[trio.CancelScope]:
        """Read a request in the block; `cancel_reads` cancels it."""
        with trio.CancelScope() as scope:
            if self.reads_cancelled:
                scope.cancel()
            self._reads.add(scope)
            try:
                yield scope
            finally:
                self._reads.remove(scope)

    @property
    def reads_cancelled(self) -> bool:
        """Whether `cancel_reads` was called."""
        return self._reads_cancelled.is_set()

    def cancel_reads(self) -> None:
        """Cancel every wait for a request, now and from now on."""
        self._reads_cancelled.set()
        for scope in self._reads:
            scope.cancel()

    async def wait_reads_cancelled(self) -> None:
        """Return once `cancel_reads` was called."""
        await self._reads_cancelled.wait()

    def announce_close(self) -> None:
        """Send ``Connection: close`` with each response from now on: the worker drains."""
        self._draining = True
        self._announce_close(True)

    def _announce_close(self, announces: bool) -> None:
        self.announces_close = announces
        if self.park is not None:
            self.park.announce_close(announces)

    def yield_clients(self, wanted: bool) -> None:
        """Leave new clients to the other workers, or accept them again.

        New connections wait for another worker to accept them; the others close with
        their next response.  Streams stay.
        """
        if wanted != self.gate.is_open:
            return
        if wanted:
            self.gate.close()
        else:
            self.gate.open()
        if not self._draining:
            self._announce_close(wanted)
        log.info("accepting paused" if wanted else "accepting resumed")

    async def close_idle(self, patience: float) -> None:
        """Close the connections without a request in flight.

        Args:
            patience: Seconds, >= 0, for clients to send one more request, whose response
                announces the close; the call returns early once they all have.
        """
        await self.wait_clients_closed(patience)
        if self.park is not None:
            await self.park.close_idle()

    async def wait_clients_closed(self, patience: float) -> None:
        """Return once no request can arrive any more, or after `patience` seconds."""
        if self.park is not None:
            with trio.move_on_after(patience):
                await self.park.wait_clients_closed()

    async def wait_stopping(self) -> None:
        """Return once Hypercorn has closed its listening sockets."""
        await self.terminated.wait()

    async def stop(self) -> None:
        """Tell Hypercorn to close its listening sockets and end."""
        await self.terminate.set()


def current() -> Worker | None:
    """Return the worker of this Trio run, or None if Hypercorn does not serve."""
    return _current.get()


def set_config(config: Config) -> None:
    """Set the configuration of the workers of this Trio run."""
    _config.set(config)
