"""The supervisor, which keeps the worker processes of one server running, and drains them.

The listening sockets belong to the supervisor.  While a worker is replaced, new connections
wait in them, and none is refused.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import structlog
import trio

from hunt.core.backoff import Backoff
from hunt.errors import HuntError
from hunt.plurals import plural
from hunt.processes import control_socket
from hunt.processes.control_socket import Hello, SocketFolder
from hunt.processes.fork_server import ForkServer, StartError
from hunt.processes.messages import Failure
from hunt.processes.node import Node
from hunt.processes.systemd import Notifier
from hunt.processes.terminal import Terminal
from hunt.processes.worker_process import Program, WorkerProcess
from hunt.processes.workers import Workers
from hunt.settings import Settings

#: Number of early failures in a row, in one slot, after which the server gives up.
GIVE_UP = 5

#: A worker that ends within this many seconds of service has failed early.
EARLY = 5.0

#: Workers are killed this many seconds after the longest drain that the settings allow.
GRACE = 5.0

log = structlog.get_logger("hunt")


class Supervisor:
    """Starts worker processes, and replaces those that end.

    Args:
        program: The program of the workers, with the listening sockets.
        settings: The settings of every worker, with a database.
        folder: The folder for the sockets of workers and supervisor; None if there is none.
        notifier: Tells systemd the state of the server.
        opened: Called once, when all workers serve.
        binds: The addresses of the server, for people.
        jitter: Returns a number in [0, 1), which spreads restarts.
        fork_server: The first fork server, see `Workers`.
    """

    def __init__(
        self,
        program: Program,
        settings: Settings,
        *,
        folder: SocketFolder | None,
        notifier: Notifier,
        opened: Callable[[], None],
        binds: list[str],
        jitter: Callable[[], float],
        fork_server: ForkServer | None = None,
    ) -> None:
        self._program = program
        self._settings = settings
        self._folder = folder
        self._notifier = notifier
        self._opened = opened
        self._binds = binds
        self._jitter = jitter
        self._slots: list[WorkerProcess | None] = [None] * settings.processes
        self._terminal = Terminal()
        self._has_served = False
        self._announced = False  # that the server is open
        self._draining = trio.Event()
        self._drained = trio.Event()
        self._restarting = trio.Lock()
        self._node = Node(
            share=settings.ready_share,
            slots=lambda: self._slots,
            running=lambda: tuple(self._workers.running),
            draining=self._draining.is_set,
        )
        self._workers = Workers(
            program,
            settings,
            folder=folder,
            receive=self._node.receive,
            ended=self._node.remove,
            draining=self._draining.is_set,
            fork_server=fork_server,
        )
        self._nursery: trio.Nursery
        self.ended_by: signal.Signals | None = None  #: the signal that began the drain
        self.killed = False  #: it ended before it had drained

    async def run(self) -> None:
        """Serve until the server has drained; if cancelled, kill all workers.

        Raises:
            HuntError: The workers keep failing; the message has the last reason.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._handle_signals)
            nursery.start_soon(self._notifier.keep_alive)
            nursery.start_soon(self._terminal.forget_once_lost)
            nursery.start_soon(self._node.run)
            if self._folder is not None:
                hello = Hello(os.getpid(), self._binds)
                nursery.start_soon(control_socket.serve, self._folder.control, hello, self.drain)
            await nursery.start(self._workers.run)
            for slot in range(len(self._slots)):
                nursery.start_soon(self._keep, slot)
            await self._drained.wait()
            # `hunt drain` gets its answer before the control socket is removed.
            await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()

    async def _handle_signals(self) -> None:
        """Drain on SIGTERM and SIGINT, kill on the second one; see `_hang_up` for SIGHUP."""
        ends = {signal.SIGTERM, signal.SIGINT}
        with trio.open_signal_receiver(*ends, signal.SIGHUP) as signals:
            async for number in signals:
                if number == signal.SIGHUP:
                    self._nursery.start_soon(self._hang_up)
                elif self.ended_by is None:
                    self.ended_by = signal.Signals(number)
                    self._nursery.start_soon(self.drain)
                else:
                    log.error("server killed", reason="second signal")
                    self.killed = True
                    self._nursery.cancel_scope.cancel()

    async def _hang_up(self) -> None:
        """Restart the workers, or drain if the controlling terminal has closed."""
        if not await self._terminal.has_closed():
            await self.restart()
        elif self._terminal.ends_server:
            log.warning("terminal closed")
            await self.drain()

    def _announce(self) -> None:
        """Announce that the server is open, once, when all workers serve."""
        if not self._announced and all(each is not None and each.alive for each in self._slots):
            self._announced = True
            self._opened()
            self._notify_ready()

    def _notify_ready(self) -> None:
        self._notifier.ready(
            f"{plural(len(self._slots), 'process', 'processes')} at {', '.join(self._binds)}"
        )

    async def _keep(self, slot: int) -> None:
        """Start the worker of a slot, and another one whenever it ends, until the server drains."""
        backoff = Backoff(base=0.5, cap=10.0, jitter=self._jitter)
        failures = 0
        hung: bool | None = None  # whether the last worker had; None: there was none
        while not self._draining.is_set():
            worker, failure = await self._serve(slot, hung)
            if self._draining.is_set():
                return
            if worker is None:
                failures += 1
                self._give_up_if_hopeless(failure, failures)
                log.error("worker process not started", error=failure.sentence)
            else:
                failures = failures + 1 if self._failed_early(worker) else 1
                self._give_up_if_hopeless(failure, failures)
                error = worker.failure.sentence if worker.failure else None
                log.error("worker process ended", pid=worker.pid, status=worker.status, error=error)
                hung = worker.hung
            if failures == 1:
                backoff.reset()
            else:
                await trio.sleep(backoff.next())

    async def _serve(self, slot: int, hung: bool | None) -> tuple[WorkerProcess | None, Failure]:
        """Start the worker of a slot; return the last worker of the slot, and why it ended."""
        try:
            self._slots[slot] = await self._workers.start()
        except StartError as error:
            return None, error.failure
        if hung is not None:
            self._node.restarted("hang" if hung else "crash")
        worker = await self._end_of(slot)
        return worker, worker.reason

    async def _end_of(self, slot: int) -> WorkerProcess:
        """Return the worker of a slot once it has ended, and no restart has replaced it."""
        while True:
            worker = self._slots[slot]
            assert worker is not None
            await worker.settled.wait()
            self._announce()
            await worker.ended.wait()
            if self._slots[slot] is worker:
                return worker

    def _failed_early(self, worker: WorkerProcess) -> bool:
        since = worker.serves_since
        self._has_served = self._has_served or since is not None
        return since is None or trio.current_time() - since < EARLY

    def _give_up_if_hopeless(self, failure: Failure, failures: int) -> None:
        """Raise if another start would fail, too."""
        if not self._has_served and failure.kind != "other":
            raise failure.error()
        if failures >= GIVE_UP:
            raise HuntError(f"worker processes keep failing, last with: {failure.sentence}")

    async def restart(self) -> None:
        """Replace the workers one after the other, without losing a click.

        A new worker serves before the old one drains.  If it does not start, the old
        one stays, and the restart ends.  A second call waits for the first.
        """
        async with self._restarting:
            if self._draining.is_set():
                return
            self._notifier.reloading()
            reason = await self._workers.import_again() or await self._replace_all()
            if reason is not None:
                log.error("restart failed", error=reason.sentence)
            self._notify_ready()

    async def _replace_all(self) -> Failure | None:
        """Replace the worker of each slot; return why a new one did not serve."""
        for slot, old in enumerate(tuple(self._slots)):
            if old is None or self._draining.is_set() or not self._holds(old, slot):
                continue
            try:
                new = await self._workers.start()
            except StartError as error:
                return error.failure
            await new.settled.wait()
            if not new.alive:
                return new.reason
            if not self._holds(old, slot):
                new.retire()
                continue
            self._slots[slot] = new
            self._node.restarted("reload")
            old.retire()
            await old.ended.wait()
        return None

    def _holds(self, worker: WorkerProcess, slot: int) -> bool:
        """Return whether a live worker still has its slot; `_keep` replaces one that has ended."""
        return self._slots[slot] is worker and not worker.ended.is_set()

    async def drain(self) -> None:
        """Let all workers finish the clicks in flight; return once they have ended.

        Workers that take longer than the settings allow are killed.
        """
        if not self._draining.is_set():
            self._draining.set()
            self._node.tell_soon()
            self._notifier.stopping()
            for sock in self._program.sockets:
                # Clients are refused as soon as the last worker stops listening.
                sock.close()
            limit = self._settings.drain_delay + 2 * self._settings.drain_timeout + GRACE
            with trio.move_on_after(limit) as scope:
                for worker in tuple(self._workers.running):
                    worker.terminate()
                for worker in tuple(self._workers.running):
                    await worker.ended.wait()
            if scope.cancelled_caught:
                log.error("worker processes killed", reason="drain timed out", seconds=limit)
            self._drained.set()
        await self._drained.wait()
