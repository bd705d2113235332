"""The supervisor, which keeps the worker processes of one server running, and drains them.

The listening sockets belong to the supervisor.  While a worker is replaced, new connections
wait in them, and none is refused.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

import structlog
import trio

from hunt.core.backoff import Backoff
from hunt.errors import HuntError
from hunt.processes import control_socket
from hunt.processes.control_socket import Hello, SocketFolder
from hunt.processes.node import Node
from hunt.processes.systemd import Notifier
from hunt.processes.terminal import Terminal
from hunt.processes.worker_process import Program, WorkerProcess, start
from hunt.settings import Settings

#: Number of early failures in a row, in one slot, after which the server gives up.
GIVE_UP = 5

#: A worker that ends within this many seconds of service has failed early.
EARLY = 5.0

#: Seconds of service after which a spare is started.  Before that, clients that reconnect to
#: the new worker need the processor.
CALM = 2.0

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
    ) -> None:
        self._program = program
        self._settings = settings
        self._folder = folder
        self._notifier = notifier
        self._opened = opened
        self._binds = binds
        self._jitter = jitter
        self._slots: list[WorkerProcess] = []  # the worker that serves in each slot
        self._running: set[WorkerProcess] = set()  # in slots or draining, and the spare
        self._spare: WorkerProcess | None = None  # has imported everything, waits for its order
        self._terminal = Terminal()
        self._started = 0
        self._has_served = False
        self._draining = trio.Event()
        self._drained = trio.Event()
        self._restarting = trio.Lock()
        self._node = Node(
            share=settings.ready_share,
            slots=lambda: self._slots,
            running=lambda: tuple(self._running),
            draining=self._draining.is_set,
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
            for slot in range(self._settings.processes):
                self._slots.append(self._start())
                nursery.start_soon(self._keep, slot)
            nursery.start_soon(self._open)
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

    def _start(self) -> WorkerProcess:
        """Return a worker with an order to serve: the spare, if there is one."""
        self._started += 1
        number = self._started
        own_socket = None if self._folder is None else self._folder.worker(number)
        worker, self._spare = self._spare, None
        try:
            if worker is None:
                worker = self._spawn()
            worker.order(self._settings, number=number, own_socket=own_socket)
        except OSError as exc:
            raise HuntError(f"cannot start a worker process: {exc.strerror}") from exc
        return worker

    def _spawn(self) -> WorkerProcess:
        worker = start(self._program, self._node.receive)
        self._running.add(worker)
        self._nursery.start_soon(self._watch, worker)
        return worker

    async def _watch(self, worker: WorkerProcess) -> None:
        try:
            await worker.watch()
        finally:
            self._running.discard(worker)
            if self._spare is worker:
                self._spare = None
            elif worker.number is not None:
                self._node.remove(worker)

    def _keep_spare(self) -> None:
        """Start a spare, which replaces the next worker that ends.

        It imports all modules in advance, so it serves within a moment.  It is not started
        while another worker starts, because it would slow that one down.
        """
        wanted = self._spare is None and not self._draining.is_set()
        if wanted and all(each.alive for each in self._slots):
            with suppress(OSError):  # the machine has no resources for a spare
                self._spare = self._spawn()

    def _drop_spare(self) -> None:
        """End the spare, whose imports may be out of date."""
        if self._spare is not None:
            self._spare.terminate()
            self._spare = None

    async def _open(self) -> None:
        """Announce that the server is open, once all workers serve."""
        for worker in self._slots:
            await worker.settled.wait()
            if not worker.alive:
                return  # `_keep` reports the failure
        self._opened()
        self._notify_ready()

    def _notify_ready(self) -> None:
        self._notifier.ready(f"{len(self._slots)} processes at {', '.join(self._binds)}")

    async def _keep(self, slot: int) -> None:
        """Replace the worker in one slot whenever it ends, until the server drains."""
        backoff = Backoff(base=0.5, cap=10.0, jitter=self._jitter)
        failures = 0
        while True:
            worker = self._slots[slot]
            await worker.settled.wait()
            with trio.move_on_after(CALM):
                await worker.ended.wait()
            self._keep_spare()
            await worker.ended.wait()
            if self._draining.is_set():
                return
            if self._slots[slot] is not worker:
                continue  # a restart has replaced it already
            failures = failures + 1 if self._failed_early(worker) else 1
            self._give_up_if_hopeless(worker, failures)
            log.error(
                "worker process ended",
                pid=worker.pid,
                status=worker.status,
                error=worker.failure.sentence if worker.failure else None,
            )
            if failures == 1:
                backoff.reset()
            else:
                await trio.sleep(backoff.next())
            if self._draining.is_set():
                return
            self._slots[slot] = self._start()
            self._node.restarted("hang" if worker.hung else "crash")

    def _failed_early(self, worker: WorkerProcess) -> bool:
        since = worker.serves_since
        self._has_served = self._has_served or since is not None
        return since is None or trio.current_time() - since < EARLY

    def _give_up_if_hopeless(self, worker: WorkerProcess, failures: int) -> None:
        """Raise if another start would fail, too."""
        failure = worker.failure
        if not self._has_served and failure is not None and failure.kind != "other":
            raise failure.error()
        if failures >= GIVE_UP:
            raise HuntError(f"worker processes keep failing, last with: {worker.reason}")

    async def restart(self) -> None:
        """Replace the workers one after the other, without losing a click.

        A new worker serves before the old one drains.  If it does not start, the old
        one stays, and the restart ends.  A second call waits for the first.
        """
        async with self._restarting:
            if self._draining.is_set():
                return
            self._notifier.reloading()
            self._drop_spare()
            await self._replace_all()
            self._notify_ready()

    async def _replace_all(self) -> None:
        for slot, old in enumerate(tuple(self._slots)):
            if self._draining.is_set() or self._slots[slot] is not old:
                continue  # it has ended meanwhile, and was replaced
            self._drop_spare()
            new = self._start()
            await new.settled.wait()
            if not new.alive:
                log.error("restart failed", pid=new.pid, error=new.reason)
                return
            self._slots[slot] = new
            self._node.restarted("reload")
            old.retire()
            await old.ended.wait()

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
                for worker in tuple(self._running):
                    worker.terminate()
                for worker in tuple(self._running):
                    await worker.ended.wait()
            if scope.cancelled_caught:
                log.error("worker processes killed", reason="drain timed out", seconds=limit)
            self._drained.set()
        await self._drained.wait()
