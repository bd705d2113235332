"""The ASGI application: ``hypercorn -k trio hunt.asgi:app``.

The engine's scope is the lifespan task: it opens before the first request and
closes after the last one, and where it dies, the process dies with it.
"""

from __future__ import annotations

import gc
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import sniffio
import structlog
import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from hypercorn.utils import LifespanFailureError

from hunt import edge
from hunt.configuration import load
from hunt.edge import worker
from hunt.edge.admission import Admission
from hunt.edge.park import Park
from hunt.edge.worker import Service
from hunt.engine import Engine, Host, open_engine
from hunt.errors import HuntError, SettingsError
from hunt.logs import configure
from hunt.processes import child, listening
from hunt.processes.start_line import log_start
from hunt.service.jwks import keep_current
from hunt.settings import RESERVE, Settings, connection_limits, file_limit
from hunt.web.app import create_app

#: Seconds, when others of this server take over, for clients to send one more request
#: on their connections, and to be told with its answer to make new ones.
HANDOVER = 2.0

#: Seconds, at the end, for clients to send one more, whose answer is a refusal and says
#: that it is the last; an end without a word may meet a click on its way.
PARTING = 0.25

#: Seconds, after that, for clients to close what has had its last answer.
FAREWELL = 1.0

log = structlog.get_logger("hunt")


class Application:
    """An ASGI application whose engine lives in the lifespan task."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._quart = create_app(self._current)

    def _current(self) -> Engine:
        assert self._engine is not None, "requests come between startup and shutdown only"
        return self._engine

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve one scope, as ASGI 3.0 says."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._quart(scope, receive, send)

    async def _lifespan(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if sniffio.current_async_library() != "trio":
            # Hypercorn goes on without lifespan after an exception, but not after this (H7).
            await send(
                {
                    "type": "lifespan.startup.failed",
                    "message": "hunt runs on Trio: start it with 'hypercorn -k trio hunt.asgi:app'",
                }
            )
            return
        await receive()  # lifespan.startup
        try:
            edge.install()
            settings = self._settings()
            serving, place = worker.current(), child.place()
            admission = _admission(settings)
            host = _host(admission, serving, place)
            async with open_engine(settings, host) as engine, trio.open_nursery() as nursery:
                self._engine = engine
                # The supervisor's sockets are so from the start, and it logs them.
                addresses = listening.deepen() if place is None else []
                if serving is not None:
                    if place is not None:
                        nursery.start_soon(place.reporter.run, engine, serving.yield_clients)
                    engine.telemetry.faults.add("connection", serving.faults)
                    park = None
                    if engine.settings.fast_lane:
                        park = Park(
                            engine, config=serving.config, hand_over=serving.serve_handed_over
                        )
                        engine.telemetry.faults.add("park", park.faults)
                        await nursery.start(park.run)
                    serving.begin(Service(engine, admission, park, host.own_socket))
                await self._quart.startup()
                nursery.start_soon(_drain_when_told, engine)
                nursery.start_soon(
                    partial(keep_current, engine.tokens, engine.settings, jitter=random.random)
                )
                # What is alive now stays so: the collector need not look at it again.
                gc.collect()
                gc.freeze()
                if place is None:
                    log_start(engine.settings, addresses=addresses, processes=1)
                await send({"type": "lifespan.startup.complete"})
                await receive()  # lifespan.shutdown
                await engine.operations.drain.run()
                if serving is not None:
                    await serving.close_idle(PARTING)
                    await serving.wait_clients_closed(FAREWELL)
                nursery.cancel_scope.cancel()
        except BaseException as error:
            failure = _failure(error)
            if failure is None:
                raise
            sentence = _sentence(failure)
            log.critical(
                "the server ends", error=sentence, exc_info=None if _ours(failure) else failure
            )
            # The one exception that Hypercorn does not swallow, so the process ends:
            # after any other it goes on, and every answer is a 500.
            stage = "startup" if self._engine is None else "serving"
            raise LifespanFailureError(stage, sentence) from failure
        finally:
            self._engine = None
        await send({"type": "lifespan.shutdown.complete"})


async def _drain_when_told(engine: Engine) -> None:
    """Drain on SIGTERM, when an operator says so, or when Hypercorn stops listening.

    Hypercorn itself would tell the application only after all connections have
    ended (H8), which open streams never do.
    """
    serving = worker.current()

    async def drain() -> None:
        await engine.operations.drain.run()
        if serving is not None:
            await serving.stop()

    async with trio.open_nursery() as nursery:
        if serving is not None:

            async def drain_when_stopping() -> None:
                await serving.wait_stopping()
                if child.place() is not None and not engine.readiness.draining:
                    # Others listen at the same sockets, so nobody has to be refused.
                    serving.announce_close()
                    await serving.close_idle(HANDOVER)
                await drain()
                serving.cancel_reads()

            nursery.start_soon(drain_when_stopping)

        async def drain_when_told() -> None:
            await engine.operations.drain.requested.wait()
            await drain()

        nursery.start_soon(drain_when_told)
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                nursery.start_soon(drain)


def _host(admission: Admission, serving: worker.Worker | None, place: child.Place | None) -> Host:
    """Return the surroundings of the engine."""
    if serving is None:
        return Host()
    host = Host(connections=admission, refusing=serving.announce_close)
    if place is None:
        return host
    return replace(
        host,
        own_socket=None if place.own is None else f"unix:{place.own}",
        siblings=place.siblings,
        node=place.reporter.node,
        total=place.reporter.total,
    )


def _admission(settings: Settings) -> Admission:
    """Return the admission of connections, with the limits of this process."""
    limits = connection_limits(settings)
    log.info(
        "connection limits set",
        total=limits.total,
        per_address=limits.per_address,
        file_limit=file_limit() + RESERVE,
    )
    return Admission(trio.current_time, limit=limits.total, per_address=limits.per_address)


def _failure(error: BaseException) -> Exception | None:
    """Return what has failed; None where all of it was cancelled, or told to exit.

    Raises:
        BaseException: The order to exit, where it is in a group: Hypercorn swallows groups.
    """
    if isinstance(error, BaseExceptionGroup):
        if exits := error.subgroup((KeyboardInterrupt, SystemExit)):
            raise child.first_cause(exits) from None
        return error.subgroup(Exception)
    return error if isinstance(error, Exception) else None


def _ours(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_ours(each) for each in error.exceptions)
    return isinstance(error, HuntError)


def _sentence(error: BaseException) -> str:
    """Return what went wrong in one line, without the nesting of the nurseries."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, HuntError) else f"{type(error).__name__}: {error}"


def _from_environ() -> Settings:
    """Read the settings of a server that was not started by ``hunt serve``.

    Raises:
        SettingsError: They are wrong, or there is no database.
    """
    configure(Settings())  # so that what is wrong with the settings is a line, too
    settings = load(os.environ, cwd=Path.cwd()).settings
    if settings.embedded:
        raise SettingsError(
            "HUNT_DATABASE_URL is not set: set it, or run 'hunt serve', which brings a database"
        )
    configure(settings)
    return settings


# Where the installed Hypercorn will not do, the start of the application says so.
with suppress(SettingsError):
    edge.install()
app = Application(_from_environ)
