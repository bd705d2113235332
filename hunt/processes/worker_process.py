"""The supervisor's handle of one worker process, from its start to its end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import structlog
import trio

from hunt.processes.channel import Channel
from hunt.processes.listening import unix_listener
from hunt.processes.messages import (
    Count,
    Counts,
    Failure,
    FromWorker,
    Order,
    Ready,
    Retire,
    ToWorker,
    from_worker,
    send_order,
)
from hunt.settings import Settings
from hunt.subprocesses import Steps, end, kill, wait_exit

#: Signals that end a worker that hangs; after SIGABRT it prints the stack of its event loop.
ABORT: Steps = ((signal.SIGABRT, 2.0), (signal.SIGKILL, float("inf")))

#: Seconds of delay after which the supervisor itself was blocked, not the worker.
_LATE = 1.0

log = structlog.get_logger("hunt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The program of every worker process."""

    command: Sequence[str]  #: of the fork server; its channel's descriptor is added to it
    sockets: Sequence[socket.socket]  #: the listening sockets that all workers share
    hang_timeout: float = 10.0  #: seconds, > 0, without a heartbeat that end a worker
    start_timeout: float = 60.0  #: seconds, > 0, from the start to the first heartbeat


class WorkerProcess:
    """A worker process with an order to serve; `watch` follows it to its end.

    Args:
        pid: The process id of the worker, which is a child of this process.
        sock: The supervisor's end of its channel, owned by this object from now on.
        number: Its number, >= 1, never used twice.
        program: The program that it runs.
        receive: Called with each message that is not for this object alone; must not block.
    """

    def __init__(
        self,
        pid: int,
        sock: socket.socket,
        *,
        number: int,
        program: Program,
        receive: Callable[[WorkerProcess, FromWorker], None],
    ) -> None:
        self.pid, self.number = pid, number
        self.settled = trio.Event()  #: it serves, or has ended
        self.ended = trio.Event()  #: it has ended and was reaped
        self.serves_since: float | None = None  #: in Trio's time; None: it does not serve yet
        self.failure: Failure | None = None  #: the reason that it gave for its end
        self.status: int | None = None  #: exit status, as in `subprocess`; None: it runs
        self.hung = False  #: it was ended because its heartbeats stopped
        self._sock = sock
        self._resources = ExitStack()  # closed once it has ended
        self._channel = Channel(sock)
        self._program = program
        self._receive = receive
        self._counted = trio.Event()  # replaced with each answer to a `Count`
        self._heartbeat = trio.CancelScope()  # around the wait for the next one

    @property
    def alive(self) -> bool:
        """Whether it serves and has not ended."""
        return self.serves_since is not None and not self.ended.is_set()

    async def watch(self) -> None:
        """Return when the process has ended; end it when its heartbeats stop.

        If cancelled, it kills the process.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._channel.run)
                await self._read_messages()
                nursery.cancel_scope.cancel()
            # Its end of the channel is closed: it is ending, or broken.
            with trio.move_on_after(self._program.hang_timeout):
                await wait_exit(self.pid)
        finally:
            self.status = kill(self.pid)
            self._channel.close()
            self._resources.close()
            self.ended.set()
            self.settled.set()
            self._counted.set()

    async def _read_messages(self) -> None:
        """Handle messages until the channel closes; end the process when heartbeats stop."""
        lines: list[bytes] | None = None
        while True:
            with self._heartbeat as scope:
                lines = await self._channel.receive()
            self._heartbeat = trio.CancelScope()
            if scope.cancelled_caught:
                self._heartbeat.deadline = trio.current_time() + self._program.hang_timeout
                if trio.current_time() > scope.deadline + _LATE:
                    continue  # the supervisor, or the whole machine, was stopped
                log.error("worker process hung", pid=self.pid)
                self.hung = True
                await end(self.pid, ABORT)
                return
            if lines is None:
                return
            self._heartbeat.deadline = trio.current_time() + self._program.hang_timeout
            for line in lines:
                self._handle(line)

    def _handle(self, line: bytes) -> None:
        message = from_worker(line)
        match message:
            case Ready():
                self.serves_since = trio.current_time()
                self.settled.set()
            case Failure() as failure:
                self.failure = failure
                return
            case None:
                return
            case Counts(requested=True):
                counted, self._counted = self._counted, trio.Event()
                counted.set()
        self._receive(self, message)

    def order(self, settings: Settings, *, own_socket: str | None) -> None:
        """Order it to serve.

        Args:
            settings: The settings of the server, with a database.
            own_socket: Path at which only this worker listens; None: no such socket.

        Raises:
            OSError: There can be no socket at that path.
        """
        listening = list(self._program.sockets)
        if own_socket is not None:
            listening.append(self._resources.enter_context(unix_listener(own_socket)))
        order = Order(
            settings=settings,
            number=self.number,
            own_socket=own_socket,
            hang_timeout=self._program.hang_timeout,
        )
        self._heartbeat.deadline = trio.current_time() + self._program.start_timeout
        with suppress(OSError):  # it has ended already, as `watch` finds
            send_order(self._sock, order, listening)

    def send(self, message: ToWorker, *, key: Hashable = None) -> None:
        """Queue a message; see `Channel.send`."""
        self._channel.send(message, key=key)

    async def count(self) -> None:
        """Request all metrics; return once they have arrived, or the process has ended."""
        if self.alive:
            self.send(Count())
            await self._counted.wait()

    def retire(self) -> None:
        """Tell it to close its listening sockets, to drain and to end."""
        self.send(Retire())

    def terminate(self) -> None:
        """Tell it to drain and to end; before it serves, it ends at once."""
        if not self.ended.is_set():
            os.kill(self.pid, signal.SIGTERM)

    @property
    def reason(self) -> Failure:
        """The reason of its end."""
        return self.failure or Failure("other", f"exit status {self.status}")
