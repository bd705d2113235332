"""One server process, as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import structlog
import trio

from hunt.embedded.process import Steps, end, wait_exit
from hunt.processes.channel import Channel
from hunt.processes.listening import unix_listener
from hunt.processes.notify import VARIABLES
from hunt.processes.orders import (
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
from hunt.sources import PREFIX, TEST_PREFIX

#: How a process that shows no life is ended; SIGABRT lets it show where it stands.
ABORT: Steps = ((signal.SIGABRT, 2.0), (signal.SIGKILL, float("inf")))

#: Seconds late, from which on it was the supervisor that stood still.
_LATE = 1.0

log = structlog.get_logger("hunt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is started for each server process."""

    command: Sequence[str]  #: the descriptor of the channel is added as last argument
    sockets: Sequence[socket.socket]  #: that all processes listen on
    hang: float = 10.0  #: seconds without a sign of life, > 0, after which a process is ended
    patience: float = 60.0  #: seconds, > 0, to the first sign of life


class Process:
    """A server process that was started, and waits for its order; `watch` sees it to its end.

    What takes longest of a start is done before the order.

    Args:
        popen: The process.
        sock: Our end of its channel.
        resources: Closed once the process has ended.
        program: What it runs.
        heard: Called with each message that is not for this object alone.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        sock: socket.socket,
        resources: ExitStack,
        *,
        program: Program,
        heard: Callable[[Process, FromWorker], None],
    ) -> None:
        self.settled = trio.Event()  #: it serves, or has ended
        self.ended = trio.Event()  #: and has been reaped
        self.served: float | None = None  #: trio's time since when it serves
        self.failure: Failure | None = None  #: what it said before it ended
        self.status: int | None = None  #: as of `subprocess`, once it has ended
        self._popen, self._sock, self._resources = popen, sock, resources
        self._channel = Channel(sock)
        self._program = program
        self._heard = heard
        self.number: int | None = None  #: as of `order`; None: it still waits for that
        self._counted = trio.Event()  # replaced with each answer to `Count`
        self._wait = trio.CancelScope()  # for a sign of life

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it serves, and has not ended."""
        return self.served is not None and not self.ended.is_set()

    async def watch(self) -> None:
        """Return when the process has ended; end it where it shows no life.

        Cancelled, it kills the process.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._channel.run)
                await self._listen()
                nursery.cancel_scope.cancel()
            # Its end of the channel is closed, so it is ending, or not itself any more.
            with trio.move_on_after(self._program.hang):
                await wait_exit(self.pid)
        finally:
            if self._popen.poll() is None:
                self._popen.kill()
            self.status = self._popen.wait()
            self._channel.close()
            self._resources.close()
            self.ended.set()
            self.settled.set()
            self._counted.set()

    async def _listen(self) -> None:
        lines: list[bytes] | None = None
        while True:
            with self._wait as scope:
                lines = await self._channel.receive()
            self._wait = trio.CancelScope()
            if scope.cancelled_caught:
                self._wait.deadline = trio.current_time() + self._program.hang
                if trio.current_time() > scope.deadline + _LATE:
                    continue  # we were stopped ourselves, or all of the machine
                log.error("a server process stands still", pid=self.pid)
                await end(self.pid, ABORT)
                return
            if lines is None:
                return
            self._wait.deadline = trio.current_time() + self._program.hang
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        message = from_worker(line)
        match message:
            case Ready():
                self.served = trio.current_time()
                self.settled.set()
            case Failure() as failure:
                self.failure = failure
                return
            case None:
                return
            case Counts(asked=True):
                counted, self._counted = self._counted, trio.Event()
                counted.set()
        self._heard(self, message)

    def order(self, settings: Settings, *, number: int, own: str | None) -> None:
        """Have it serve.

        Args:
            settings: Of the process, with a database.
            number: Its number, >= 1, never used twice.
            own: Where a socket of its own is to be made; None for none.

        Raises:
            OSError: There can be no such socket.
        """
        listening = list(self._program.sockets)
        if own is not None:
            listening.append(self._resources.enter_context(unix_listener(own)))
        order = Order(settings=settings, number=number, own=own, hang=self._program.hang)
        self._wait.deadline = trio.current_time() + self._program.patience
        with suppress(OSError):  # it has ended already, as `watch` finds
            send_order(self._sock, order, listening)
        self.number = number

    def say(self, message: ToWorker, *, key: Hashable = None) -> None:
        """Send a message, soon; see `Channel.say`.  A spare is told nothing before its order."""
        if self.number is not None:
            self._channel.say(message, key=key)

    async def count(self) -> None:
        """Have it send all its metrics; return once it has, or has ended."""
        if self.alive:
            self.say(Count())
            await self._counted.wait()

    def retire(self) -> None:
        """Tell it to close its listening sockets, to drain and to end."""
        self.say(Retire())

    def terminate(self) -> None:
        """Tell it to drain and to end; one that does not serve yet ends at once."""
        if not self.ended.is_set():
            self._popen.terminate()


def start(program: Program, heard: Callable[[Process, FromWorker], None]) -> Process:
    """Start a process, which has to be watched from now on.

    Args:
        program: What is started.
        heard: As of `Process`.

    Raises:
        OSError: The system cannot start one more.
    """
    with ExitStack() as stack:
        ours, theirs = socket.socketpair()
        stack.enter_context(ours)
        with theirs:
            # Blocks for a millisecond or two; a thread would only make it later.
            popen = subprocess.Popen(
                [*program.command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environ(os.environ),
                # Ctrl-C is for the supervisor, which lets the processes drain.
                start_new_session=True,
            )
        return Process(popen, ours, stack.pop_all(), program=program, heard=heard)


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a process inherits: the settings come over the channel.

    No Python that it starts in turn searches its working directory for modules.
    """
    inherited = {
        name: value
        for name, value in environ.items()
        if name not in VARIABLES and (not name.startswith(PREFIX) or name.startswith(TEST_PREFIX))
    }
    return inherited | {"PYTHONSAFEPATH": "1"}
