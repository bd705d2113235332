"""The worker processes of a server that run, and the fork server that starts them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import structlog
import trio

from hunt.processes.control_socket import SocketFolder
from hunt.processes.fork_server import ForkServer, StartError
from hunt.processes.messages import Failure, FromWorker
from hunt.processes.worker_process import Program, WorkerProcess
from hunt.settings import Settings

log = structlog.get_logger("hunt")


class Workers:
    """Starts worker processes, and follows each to its end.

    Args:
        program: The program of the workers, with the listening sockets.
        settings: The settings of every worker, with a database.
        folder: The folder for the sockets of workers; None if there is none.
        receive: Called with each message of a worker; must not block.
        ended: Called with each worker that has ended; must not block.
        draining: Returns whether the server drains; a new worker then ends at once.
        fork_server: The first fork server; None: `program` starts it.
    """

    def __init__(
        self,
        program: Program,
        settings: Settings,
        *,
        folder: SocketFolder | None,
        receive: Callable[[WorkerProcess, FromWorker], None],
        ended: Callable[[WorkerProcess], None],
        draining: Callable[[], bool],
        fork_server: ForkServer | None,
    ) -> None:
        self.running: set[WorkerProcess] = set()  #: those that serve, start or drain
        self._program = program
        self._settings = settings
        self._folder = folder
        self._receive = receive
        self._ended = ended
        self._draining = draining
        self._started = 0
        self._fork_server = fork_server
        self._nursery: trio.Nursery

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Follow the processes until cancelled, which kills them.

        No worker can be started before `task_status.started` was called.
        """
        async with trio.open_nursery() as self._nursery:
            if self._fork_server is not None:
                self._nursery.start_soon(self._watch_fork_server, self._fork_server)
            task_status.started()
            await trio.sleep_forever()

    async def start(self) -> WorkerProcess:
        """Return a new worker with an order to serve.

        If cancelled, a worker may start that ends at once.

        Raises:
            StartError: There is no worker.
        """
        if self._fork_server is None or self._fork_server.ended.is_set():
            self._fork_server = self._start_fork_server()
        self._started += 1
        number = self._started
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid = await self._fork_server.fork(theirs)
        except BaseException:
            ours.close()
            raise
        worker = WorkerProcess(
            pid, ours, number=number, program=self._program, receive=self._receive
        )
        self.running.add(worker)
        self._nursery.start_soon(self._watch, worker)
        own_socket = None if self._folder is None else self._folder.worker(number)
        worker.order(self._settings, own_socket=own_socket)
        if self._draining():
            worker.terminate()
        return worker

    async def _watch(self, worker: WorkerProcess) -> None:
        try:
            await worker.watch()
        finally:
            self.running.discard(worker)
            self._ended(worker)

    async def import_again(self) -> Failure | None:
        """Fork from newly imported modules from now on, because they may have changed.

        If the imports fail, the modules of before stay in use, and the reason is returned.
        """
        try:
            server = self._start_fork_server()
            await server.load()
        except StartError as error:
            return error.failure
        old, self._fork_server = self._fork_server, server
        if old is not None:
            old.close()
        return None

    def _start_fork_server(self) -> ForkServer:
        """Return a new fork server, which imports all modules."""
        try:
            server = ForkServer.started(self._program.command)
        except OSError as exc:
            raise StartError.of(exc) from exc
        self._nursery.start_soon(self._watch_fork_server, server)
        return server

    async def _watch_fork_server(self, server: ForkServer) -> None:
        """Replace a fork server that ends; one that cannot even import waits for its turn."""
        await server.watch()
        if server is self._fork_server and server.loaded and not self._draining():
            log.error("fork server ended", pid=server.pid)
            with suppress(StartError):  # the next worker that starts tries again
                self._fork_server = self._start_fork_server()
