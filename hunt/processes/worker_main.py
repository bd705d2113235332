"""The main function of a worker process, which the fork server calls."""

from __future__ import annotations

import faulthandler
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from hunt.errors import HuntError
from hunt.logs import configure
from hunt.processes.channel import Channel
from hunt.processes.failures import exit_status, first_cause, from_lifespan
from hunt.processes.listening import BACKLOG
from hunt.processes.messages import (
    Failure,
    Heartbeat,
    Order,
    Ready,
    Retire,
    encode,
    receive_order,
    to_worker,
)
from hunt.processes.node_client import NodeClient
from hunt.settings import Settings

#: Seconds between two heartbeats.
HEARTBEAT_INTERVAL = 1.0

#: A process whose event loop is blocked ends by itself after this many hang timeouts.  A living
#: supervisor ends it after one.
_ORPHAN = 6

#: Seconds, once Hypercorn serves, for the application to start.
START_TIMEOUT = 5.0

#: Seconds, at the end, for the supervisor to read the last counters.
FLUSH_TIMEOUT = 1.0

#: A worker without supervisor ends this many seconds after the longest drain of the settings.
GRACE = 5.0

log = structlog.get_logger("hunt")


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """The position of a worker process in its server.

    In addition to the common sockets, a worker listens at a socket of its own, with every
    route of the application, for requests to this one worker.  The socket of a killed worker
    may exist for a moment longer, and refuses connections.
    """

    number: int  #: >= 1; never used twice by a server
    own_socket: Path | None  #: the socket of this worker; None: the machine has no folder
    node: NodeClient  #: the connection to the supervisor

    def siblings(self) -> list[Path]:
        """Return the sockets of the server's other workers, draining ones included."""
        if self.own_socket is None:
            return []
        server, _, _ = self.own_socket.name.rpartition("-")
        sockets = self.own_socket.parent.glob(f"{server}-*")
        return sorted(each for each in sockets if each != self.own_socket)


#: Makes the ASGI application of a worker.
Make = Callable[[Settings, WorkerSlot], ASGIFramework]


def run(make: Make, channel: socket.socket) -> int:
    """Serve until the supervisor retires this worker, or ends; return the exit status.

    Exit status: 0 drained, 1 failed, 2 wrong settings or an incompatible package.

    Args:
        make: Makes the application.
        channel: The worker's end of its channel; the first message is the order.
    """
    try:
        return _obey(make, channel)
    except KeyboardInterrupt:
        return 130
    except BaseException as error:
        with suppress(OSError):
            channel.settimeout(1.0)
            # The line end completes a line that was sent in part.
            channel.sendall(b"\n" + encode(failure(error)))
        return exit_status(error)


def _obey(make: Make, channel: socket.socket) -> int:
    """Serve by the first message of the supervisor; return the exit status."""
    received = receive_order(channel)
    if received is None:
        return 1
    order, listening = received
    faulthandler.enable()  # so that SIGABRT prints the stack of the event loop
    configure(order.settings)
    trio.run(_run, make, order, listening, channel)
    return 0


def failure(error: BaseException) -> Failure:
    """Return the report of this process's end by `error`; log what hunt did not expect."""
    cause = first_cause(error)
    report = Failure.of(cause)
    if not isinstance(cause, HuntError) and not from_lifespan(error):
        log.critical("worker process failed", error=report.sentence, exc_info=error)
    return report


def hypercorn_config(order: Order, listening: Sequence[int]) -> Config:
    """Return the configuration of Hypercorn."""
    config = Config()
    config.bind = [f"fd://{fd}" for fd in listening]
    config.backlog = BACKLOG
    config.accesslog = None  # hunt writes its own, with request ids
    config.loglevel = "WARNING"
    config.graceful_timeout = order.settings.drain_timeout
    config.include_server_header = False
    config.websocket_max_message_size = 4096
    return config


class _Starting:
    """An ASGI application with an event for its start.

    Hypercorn reports that it serves even after a failed start, before it ends.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.started = trio.Event()
        self._app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        async def observed(event: ASGISendEvent) -> None:
            await send(event)
            if event["type"] == "lifespan.startup.complete":
                self.started.set()

        await self._app(scope, receive, observed if scope["type"] == "lifespan" else send)


async def _run(make: Make, order: Order, listening: Sequence[int], sock: socket.socket) -> None:
    channel = Channel(sock.dup())
    node = NodeClient(channel)
    own_socket = None if order.own_socket is None else Path(order.own_socket)
    app = _Starting(make(order.settings, WorkerSlot(order.number, own_socket, node)))
    retired = trio.Event()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(channel.run)
            nursery.start_soon(_send_heartbeats, channel, order.hang_timeout)
            nursery.start_soon(_read_messages, channel, node, retired, order.settings)
            nursery.start_soon(_cancel_start, retired, app.started, nursery.cancel_scope)

            async def serve_until_retired(*, task_status: trio.TaskStatus[list[str]]) -> None:
                config = hypercorn_config(order, listening)
                await serve(app, config, shutdown_trigger=retired.wait, task_status=task_status)
                nursery.cancel_scope.cancel()

            await nursery.start(serve_until_retired)
            # Hypercorn serves even if the application has not started, so wait for the start.
            with trio.move_on_after(START_TIMEOUT):
                await app.started.wait()
            if not app.started.is_set():
                raise HuntError("the application did not start")
            channel.send(Ready())
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(FLUSH_TIMEOUT):
            node.send_counts()
            await channel.flush()
        channel.close()


async def _send_heartbeats(channel: Channel, hang_timeout: float) -> None:
    """Send a heartbeat every second; never wait for the supervisor to read it."""
    try:
        while True:
            # This timer is a thread in C: it ends the process even while Python is blocked.
            faulthandler.dump_traceback_later(hang_timeout * _ORPHAN, exit=True)
            channel.send(Heartbeat())
            await trio.sleep(HEARTBEAT_INTERVAL)
    finally:
        faulthandler.cancel_dump_traceback_later()


async def _cancel_start(retired: trio.Event, started: trio.Event, scope: trio.CancelScope) -> None:
    """Cancel a start that may wait long for a database, because nothing must be drained yet."""
    await retired.wait()
    if not started.is_set():
        scope.cancel()


async def _read_messages(
    channel: Channel, node: NodeClient, retired: trio.Event, settings: Settings
) -> None:
    """Handle messages of the supervisor; retire when it says so, or has ended.

    Hypercorn then closes its listeners at once, so that new clients go to other workers.
    """
    while (lines := await channel.receive()) is not None:
        for line in lines:
            message = to_worker(line)
            if isinstance(message, Retire):
                retired.set()
            else:
                node.receive(message)
    node.supervisor_lost()
    # Without a supervisor, a timer must end this process if it does not drain.
    limit = settings.drain_delay + 2 * settings.drain_timeout + GRACE
    signal.setitimer(signal.ITIMER_REAL, limit)
    retired.set()
