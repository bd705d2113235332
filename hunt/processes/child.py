"""A server process as its supervisor starts it: its sockets, its signs of life, its end."""

from __future__ import annotations

import faulthandler
import signal
import socket
import sys
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
from hypercorn.utils import LifespanFailureError

from hunt.errors import HuntError, SettingsError
from hunt.logs import configure
from hunt.processes.channel import Channel
from hunt.processes.listening import BACKLOG
from hunt.processes.orders import (
    Beat,
    Failure,
    Order,
    Ready,
    Retire,
    encode,
    receive_order,
    to_worker,
)
from hunt.processes.reporter import Reporter
from hunt.settings import Settings

#: Seconds between two signs of life.
BEAT_INTERVAL = 1.0

#: A loop that stands still ends the process by itself after so many of the
#: supervisor's limits: then there is no supervisor that would have done it.
_ORPHAN = 6

#: Seconds, once Hypercorn serves, for the failure of an application that has not started.
UNSTARTED = 5.0

#: Seconds, at the end, for the supervisor to take what this process has counted.
LAST_WORD = 1.0

#: Seconds to tear down, beyond what the settings allow for draining.
GRACE = 5.0


log = structlog.get_logger("hunt")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server process stands among those of its server.

    Each listens, besides on the common sockets, at one of its own, with every
    route of the application.  A process that was killed may leave its socket
    behind for a moment, at which a connection is refused.
    """

    number: int  #: >= 1; counts the processes of this server, never used twice
    own: Path | None  #: this process' socket; None where there is no place for one
    reporter: Reporter  #: speaks with the supervisor

    def siblings(self) -> list[Path]:
        """Return the sockets of the other processes that run now, drainers included."""
        if self.own is None:
            return []
        server, _, _ = self.own.name.rpartition("-")
        return sorted(each for each in self.own.parent.glob(f"{server}-*") if each != self.own)


_place: trio.lowlevel.RunVar[Place | None] = trio.lowlevel.RunVar("hunt_place", default=None)


def place() -> Place | None:
    """Return the place of this process, or None where no supervisor started it."""
    return _place.get()


#: Makes the ASGI application of a worker process from its settings.
Make = Callable[[Settings], ASGIFramework]


def main(load: Callable[[], Make]) -> None:
    """Serve as the supervisor orders, until it says so or ends; does not return.

    The only argument on the command line is the descriptor of the channel, on which
    the order may come much later: by then all is imported, which takes longest.  Exit
    status: 0 drained, 1 it failed, 2 wrong settings or an incompatible package.

    Args:
        load: Imports the application, and returns the function that makes it.
    """
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        channel.set_inheritable(False)
        configure(Settings())  # so that a failure of the import is a log event, too
        try:
            status = _obey(load(), channel)
        except KeyboardInterrupt:
            status = 130
        except BaseException as error:
            status = _report(error, channel)
    sys.exit(status)


def _obey(make: Make, channel: socket.socket) -> int:
    """Serve as the first message of the supervisor says; return the exit status."""
    received = receive_order(channel)
    if received is None:
        return 1
    order, listening = received
    faulthandler.enable()  # so that SIGABRT shows where the loop stands
    configure(order.settings)
    trio.run(_run, make(order.settings), order, listening, channel)
    return 0


def _report(error: BaseException, channel: socket.socket) -> int:
    """Tell the supervisor why this process ends; return its exit status."""
    cause = first_cause(error)
    failure = Failure.of(cause)
    if not isinstance(cause, HuntError) and not from_lifespan(error):
        log.critical("server process failed", error=failure.sentence, exc_info=error)
    with suppress(OSError):
        channel.settimeout(1.0)
        # After the end of a line that may have begun.
        channel.sendall(b"\n" + encode(failure))
    return exit_status(error)


def exit_status(error: BaseException) -> int:
    """Return the exit status of a server that ends with `error`."""
    return 2 if isinstance(first_cause(error), SettingsError) else 1


def from_lifespan(error: BaseException) -> bool:
    """Whether the application has failed, and logged why."""
    if isinstance(error, BaseExceptionGroup):
        return any(from_lifespan(each) for each in error.exceptions)
    return isinstance(error, LifespanFailureError)


def first_cause(error: BaseException) -> BaseException:
    """Return what the nurseries and Hypercorn's lifespan wrapped."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, LifespanFailureError) and error.__cause__ is not None:
            error = error.__cause__
        else:
            return error


def hypercorn(order: Order, listening: Sequence[int]) -> Config:
    """Return how Hypercorn is to serve."""
    config = Config()
    config.bind = [f"fd://{fd}" for fd in listening]
    config.backlog = BACKLOG
    config.accesslog = None  # hunt writes its own, with request ids
    config.loglevel = "WARNING"
    config.graceful_timeout = order.settings.drain_timeout
    config.include_server_header = False
    config.websocket_max_message_size = 4096
    return config


class _Started:
    """An ASGI application that tells when it has really started.

    Where the start fails, Hypercorn says that it serves before it ends.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.event = trio.Event()
        self._app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        async def heard(event: ASGISendEvent) -> None:
            await send(event)
            if event["type"] == "lifespan.startup.complete":
                self.event.set()

        await self._app(scope, receive, heard if scope["type"] == "lifespan" else send)


async def _run(
    app: ASGIFramework, order: Order, listening: Sequence[int], sock: socket.socket
) -> None:
    channel = Channel(sock.dup())
    reporter = Reporter(channel)
    _place.set(Place(order.number, None if order.own is None else Path(order.own), reporter))
    retire, started = trio.Event(), _Started(app)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(channel.run)
            nursery.start_soon(_beat, channel, order.hang)
            nursery.start_soon(_heed, channel, reporter, retire, order.settings)
            nursery.start_soon(_end_unstarted, retire, started.event, nursery.cancel_scope)

            async def serve_to_the_end(*, task_status: trio.TaskStatus[list[str]]) -> None:
                config = hypercorn(order, listening)
                await serve(started, config, shutdown_trigger=retire.wait, task_status=task_status)
                nursery.cancel_scope.cancel()

            await nursery.start(serve_to_the_end)
            # Hypercorn serves also where the application has not started; hunt never does.
            with trio.move_on_after(UNSTARTED):
                await started.event.wait()
            if not started.event.is_set():
                raise HuntError("the application did not start")
            channel.say(Ready())
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(LAST_WORD):
            reporter.count()
            await channel.flush()
        channel.close()


async def _beat(channel: Channel, hang: float) -> None:
    """Say every second that the loop turns; never waits for the supervisor to read."""
    try:
        while True:
            # A thread in C, so it ends even a loop that holds the interpreter.
            faulthandler.dump_traceback_later(hang * _ORPHAN, exit=True)
            channel.say(Beat())
            await trio.sleep(BEAT_INTERVAL)
    finally:
        faulthandler.cancel_dump_traceback_later()


async def _end_unstarted(retire: trio.Event, started: trio.Event, scope: trio.CancelScope) -> None:
    """End at once what has nothing to drain yet, and may wait for a database for long."""
    await retire.wait()
    if not started.is_set():
        scope.cancel()


async def _heed(
    channel: Channel, reporter: Reporter, retire: trio.Event, settings: Settings
) -> None:
    """Take what the supervisor says; let Hypercorn stop when it says so, or has ended.

    Its listeners close at once, so that new clients go to the other processes.
    """
    while (lines := await channel.receive()) is not None:
        for line in lines:
            message = to_worker(line)
            if isinstance(message, Retire):
                retire.set()
            else:
                reporter.heed(message)
    reporter.lost()
    # No supervisor is left that would end this process where draining does not.
    limit = settings.drain_delay + 2 * settings.drain_timeout + GRACE
    signal.setitimer(signal.ITIMER_REAL, limit)
    retire.set()
