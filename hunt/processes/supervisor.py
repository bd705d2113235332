"""Keeps the processes of one server running, and ends them in good order.

The listening sockets are the supervisor's, so clients wait while a process is
replaced, and none is lost.
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
from hunt.processes import control
from hunt.processes.control import Hello, Room
from hunt.processes.node import Node
from hunt.processes.notify import Notifier
from hunt.processes.terminal import Terminal
from hunt.processes.worker_process import Process, Program, start
from hunt.settings import Settings

#: Deaths at once, one after the other, of the process in one place, after which
#: starting it again is given up.
GIVE_UP = 5

#: Seconds of service within which a death is one "at once".
AT_ONCE = 5.0

#: Seconds for which a process has served before a spare is started: the clients that
#: come back to it want the processor first.
CALM = 2.0

#: Seconds, beyond what the settings allow for draining, until processes are killed.
GRACE = 5.0

log = structlog.get_logger("hunt")


class Supervisor:
    """Starts server processes, and starts again those that die.

    Args:
        program: What is started, and on which sockets it listens.
        settings: Of every process, with a database.
        room: Where each process, and this one, have a socket of their own; or None.
        notifier: Told how the server is.
        opened: Called once, when all processes serve.
        binds: Where the server listens, for people.
        jitter: Uniform in [0, 1), spreads restarts.
    """

    def __init__(
        self,
        program: Program,
        settings: Settings,
        *,
        room: Room | None,
        notifier: Notifier,
        opened: Callable[[], None],
        binds: list[str],
        jitter: Callable[[], float],
    ) -> None:
        self._program = program
        self._settings = settings
        self._room = room
        self._notifier = notifier
        self._opened = opened
        self._binds = binds
        self._jitter = jitter
        self._places: list[Process] = []  # the process that serves in each place
        self._running: set[Process] = set()  # these, those that drain, and the spare
        self._spare: Process | None = None  # has imported all, and waits for its order
        self._terminal = Terminal()
        self._started = 0
        self._has_served = False
        self._draining = trio.Event()
        self._drained = trio.Event()
        self._restarting = trio.Lock()
        self._node = Node(
            share=settings.ready_share,
            places=lambda: self._places,
            running=lambda: tuple(self._running),
            draining=self._draining.is_set,
        )
        self._nursery: trio.Nursery
        self.ended_by: signal.Signals | None = None  #: what told it to end
        self.killed = False  #: it did not wait for the drain

    async def run(self) -> None:
        """Serve until the server has drained; cancelled, it kills all processes.

        Raises:
            HuntError: The processes die again and again; as the last one said why.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._obey)
            nursery.start_soon(self._notifier.keep_alive)
            nursery.start_soon(self._terminal.forget_once_lost)
            nursery.start_soon(self._node.run)
            if self._room is not None:
                hello = Hello(os.getpid(), self._binds)
                nursery.start_soon(control.serve, self._room.control, hello, self.drain)
            for place in range(self._settings.processes):
                self._places.append(self._start())
                nursery.start_soon(self._keep, place)
            nursery.start_soon(self._open)
            await self._drained.wait()
            # Whoever asked for it is told before the control socket goes.
            await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()

    async def _obey(self) -> None:
        """Drain on SIGTERM and SIGINT, stop at once on a second one; see `_hang_up` for SIGHUP."""
        ends = {signal.SIGTERM, signal.SIGINT}
        with trio.open_signal_receiver(*ends, signal.SIGHUP) as signals:
            async for number in signals:
                if number == signal.SIGHUP:
                    self._nursery.start_soon(self._hang_up)
                elif self.ended_by is None:
                    self.ended_by = signal.Signals(number)
                    self._nursery.start_soon(self.drain)
                else:
                    log.error("stopped at once: what had not drained is killed")
                    self.killed = True
                    self._nursery.cancel_scope.cancel()

    async def _hang_up(self) -> None:
        """Restart, or drain where the controlling terminal has closed."""
        if not await self._terminal.has_closed():
            await self.restart()
        elif self._terminal.ends_server:
            log.warning("terminal closed")
            await self.drain()

    def _start(self) -> Process:
        """Have one process more serve: the spare, where there is one."""
        self._started += 1
        number = self._started
        own = None if self._room is None else self._room.own(number)
        process, self._spare = self._spare, None
        try:
            if process is None:
                process = self._spawn()
            process.order(self._settings, number=number, own=own)
        except OSError as exc:
            raise HuntError(f"a server process cannot be started: {exc.strerror}") from exc
        return process

    def _spawn(self) -> Process:
        process = start(self._program, self._node.heard)
        self._running.add(process)
        self._nursery.start_soon(self._watch, process)
        return process

    async def _watch(self, process: Process) -> None:
        try:
            await process.watch()
        finally:
            self._running.discard(process)
            if self._spare is process:
                self._spare = None
            elif process.number is not None:
                self._node.ended(process)

    def _keep_spare(self) -> None:
        """Start one process more, which takes the place of the next that dies.

        It has done by then what takes longest, and serves within a moment.  Not while
        another one starts, whom it would slow down.
        """
        idle = self._spare is None and not self._draining.is_set()
        if idle and all(each.alive for each in self._places):
            with suppress(OSError):  # the machine has no room for it; it goes without
                self._spare = self._spawn()

    def _drop_spare(self) -> None:
        """End the spare, which may have imported what has been replaced since."""
        if self._spare is not None:
            self._spare.terminate()
            self._spare = None

    async def _open(self) -> None:
        """Say that the server is open, once all of it is."""
        for process in self._places:
            await process.settled.wait()
            if not process.alive:
                return  # whoever keeps its place says more
        self._opened()
        self._notifier.ready(f"{len(self._places)} processes at {', '.join(self._binds)}")

    async def _keep(self, place: int) -> None:
        """Keep a process in one place, until the server drains."""
        backoff = Backoff(base=0.5, cap=10.0, jitter=self._jitter)
        deaths = 0
        while True:
            process = self._places[place]
            await process.settled.wait()
            with trio.move_on_after(CALM):
                await process.ended.wait()
            self._keep_spare()
            await process.ended.wait()
            if self._draining.is_set():
                return
            if self._places[place] is not process:
                continue  # another has its place already, by a restart
            self._has_served = self._has_served or process.served is not None
            now = trio.current_time()
            at_once = process.served is None or now - process.served < AT_ONCE
            deaths = deaths + 1 if at_once else 1
            self._judge(process, deaths)
            log.error(
                "a server process has ended, and is started again",
                pid=process.pid,
                status=process.status,
                error=process.failure.sentence if process.failure else None,
            )
            if deaths == 1:
                backoff.reset()
            else:
                await trio.sleep(backoff.next())
            if self._draining.is_set():
                return
            self._places[place] = self._start()

    def _judge(self, process: Process, deaths: int) -> None:
        """Raise where starting it again would not help."""
        failure = process.failure
        if not self._has_served and failure is not None and failure.kind != "other":
            raise failure.error()
        if deaths >= GIVE_UP:
            said = failure.sentence if failure else f"exit status {process.status}"
            raise HuntError(f"the server processes die again and again, at last with: {said}")

    async def restart(self) -> None:
        """Replace the processes one after the other; no click is lost by it.

        The new one serves before the old one drains.  One that does not come up
        leaves the old one in its place, and ends the restart; a second call waits
        for the first.
        """
        async with self._restarting:
            if self._draining.is_set():
                return
            self._notifier.reloading()
            self._drop_spare()
            await self._replace_all()
            self._notifier.ready(f"{len(self._places)} processes at {', '.join(self._binds)}")

    async def _replace_all(self) -> None:
        for place, old in enumerate(tuple(self._places)):
            if self._draining.is_set() or self._places[place] is not old:
                continue  # it has died meanwhile, and been replaced
            self._drop_spare()
            new = self._start()
            await new.settled.wait()
            if not new.alive:
                said = new.failure.sentence if new.failure else f"exit status {new.status}"
                log.error("the new process does not serve; the old one stays", error=said)
                return
            self._places[place] = new
            old.retire()
            await old.ended.wait()

    async def drain(self) -> None:
        """Let all processes finish what they have; return once they have ended.

        Those that take longer than the settings allow are killed.
        """
        if not self._draining.is_set():
            self._draining.set()
            self._node.moved()
            self._notifier.stopping()
            for sock in self._program.sockets:
                # As soon as the last process stops listening, clients hear that nobody does.
                sock.close()
            limit = self._settings.drain_delay + 2 * self._settings.drain_timeout + GRACE
            with trio.move_on_after(limit) as scope:
                for process in tuple(self._running):
                    process.terminate()
                for process in tuple(self._running):
                    await process.ended.wait()
            if scope.cancelled_caught:
                log.error("server processes did not drain in time, and are killed")
            self._drained.set()
        await self._drained.wait()
