"""The ASGI application of a worker process, and the life of its engine.

`Application._open` starts the parts in the order of its lines, and stops them in the
reverse order.  The engine lives in the lifespan task: it opens before the first request
and closes after the last one.  If the engine fails, the process ends.
"""

from __future__ import annotations

import gc
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import sniffio
import structlog
import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from hypercorn.utils import LifespanFailureError

from hunt.configuration import load
from hunt.connection_limits import RESERVE, connection_limits, file_limit
from hunt.edge import worker
from hunt.edge.admission import Admission
from hunt.edge.park import Park
from hunt.edge.worker import Service, Worker
from hunt.engine import Engine
from hunt.errors import SettingsError
from hunt.host import Host
from hunt.lifecycle import open_engine
from hunt.logs import configure
from hunt.play.resources import Resources
from hunt.processes import failures
from hunt.processes.control_socket import commit_socket
from hunt.processes.listening import set_backlog, unix_listener
from hunt.processes.start_line import log_start
from hunt.processes.worker_main import WorkerSlot
from hunt.service.joint_commits import Workers
from hunt.service.jwks import keep_current
from hunt.settings import Settings
from hunt.web.app import Application as QuartApplication
from hunt.web.app import create_app
from hunt.web.resources import make_resources

#: Seconds, when other workers take over, for clients to send one more request on their
#: connections; its response announces the close.
HANDOVER_PATIENCE = 2.0

#: Seconds, at the end, for clients to send one more request; its response is a refusal
#: that announces the close.  A close without it could lose a click on its way.
REFUSAL_PATIENCE = 0.25

#: Seconds, after that, for clients to close connections that have had their last response.
CLOSE_PATIENCE = 1.0

log = structlog.get_logger("hunt")


class Application:
    """An ASGI application whose engine lives in the lifespan task.

    Args:
        settings: Returns the settings; called at the start.
        slot: The position of this worker process; None without a supervisor process.
    """

    def __init__(self, settings: Callable[[], Settings], slot: WorkerSlot | None = None) -> None:
        self._settings = settings
        self._slot = slot
        self._engine: Engine | None = None
        self._resources: Resources | None = None
        self._quart: QuartApplication | None = None

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve one scope, as ASGI 3.0 says."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            quart = self._quart or await self._start_quart()
            await quart(scope, receive, send)

    async def _start_quart(self) -> QuartApplication:
        """Make the application of Quart, at the first request outside the fast lane.

        It takes 7 ms and 2 MiB, which a worker without such a request saves.
        """
        engine, resources = self._engine, self._resources
        assert engine is not None, "requests come after the startup only"
        assert resources is not None, "made with the engine"
        quart = create_app(engine, resources)
        await quart.startup()
        self._quart = quart
        return quart

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
        serving = worker.current()
        try:
            async with self._open(serving) as engine:
                await send({"type": "lifespan.startup.complete"})
                await receive()  # lifespan.shutdown
                await engine.operations.drain.run()
                if serving is not None:
                    await serving.close_idle(REFUSAL_PATIENCE)
                    await serving.wait_clients_closed(CLOSE_PATIENCE)
        except BaseException as error:
            failure = failures.failure(error)
            if failure is None:
                raise
            sentence = failures.sentence(failure)
            expected = failures.is_expected(failure)
            log.critical("server failed", error=sentence, exc_info=None if expected else failure)
            # Hypercorn swallows every exception but this one.  After another one the process
            # would go on, and answer every request with 500.
            stage = "startup" if self._engine is None else "serving"
            raise LifespanFailureError(stage, sentence) from failure
        finally:
            self._engine = None
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _open(self, serving: Worker | None) -> AsyncIterator[Engine]:
        """Open the engine and serve its connections; drain the engine when told."""
        settings, slot = self._settings(), self._slot
        admission = _admission(settings)
        host = _host(admission, serving, slot)
        async with open_engine(settings, host) as engine, trio.open_nursery() as nursery:
            self._engine = engine
            # The supervisor has set the backlog of its sockets, and logs their addresses.
            addresses = set_backlog() if slot is None else []
            resources = self._resources = make_resources(engine)
            if serving is not None:
                engine.telemetry.faults.add("connection", serving.faults)
                park = None
                if settings.fast_lane:
                    park = await _open_park(engine, resources, serving, nursery)
                alone = slot is not None and settings.processes == 1
                serving.begin(Service(engine.play, admission, park, host.own_socket, alone))
                if slot is not None:
                    nursery.start_soon(slot.node.run, engine, serving.yield_clients)
                nursery.start_soon(
                    partial(_drain_when_stopping, engine, serving, replaced=slot is not None)
                )
            nursery.start_soon(_drain_on_sigterm, engine, serving)
            nursery.start_soon(_drain_on_request, engine, serving)
            nursery.start_soon(
                partial(
                    keep_current,
                    engine.tokens,
                    settings,
                    requests=engine.key_requests,
                    jitter=random.random,
                    faults=engine.key_faults,
                )
            )
            # Objects that exist now live until the end, so the collector need not visit them.
            gc.collect()
            gc.freeze()
            if slot is None:
                log_start(settings, addresses=addresses, processes=1)
            try:
                yield engine
            finally:
                nursery.cancel_scope.cancel()


async def _open_park(
    engine: Engine, resources: Resources, serving: Worker, nursery: trio.Nursery
) -> Park:
    park = Park(
        engine.play,
        heartbeat=engine.settings.heartbeat,
        config=serving.config,
        hand_over=serving.serve_handed_over,
        resources=resources,
        origins=engine.settings.allowed_origins,
    )
    engine.telemetry.faults.add("park", park.faults)
    await nursery.start(park.run)
    return park


async def _drain(engine: Engine, serving: Worker | None) -> None:
    """Drain the engine, then tell Hypercorn to stop.

    Hypercorn itself would tell the application only after all connections have
    ended (H8), which open streams never do.
    """
    await engine.operations.drain.run()
    if serving is not None:
        await serving.stop()


async def _drain_on_sigterm(engine: Engine, serving: Worker | None) -> None:
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            await _drain(engine, serving)


async def _drain_on_request(engine: Engine, serving: Worker | None) -> None:
    """Drain when an operator requests it."""
    await engine.operations.drain.requested.wait()
    await _drain(engine, serving)


async def _drain_when_stopping(engine: Engine, serving: Worker, *, replaced: bool) -> None:
    """Drain when Hypercorn has closed its listening sockets.

    Args:
        engine: The engine.
        serving: Hypercorn's worker.
        replaced: Other workers accept clients at the same sockets, so this one need not refuse any.
    """
    await serving.wait_stopping()
    if replaced and not engine.readiness.draining:
        serving.announce_close()
        await serving.close_idle(HANDOVER_PATIENCE)
    await _drain(engine, serving)
    serving.cancel_reads()


def _host(admission: Admission, serving: Worker | None, slot: WorkerSlot | None) -> Host:
    """Return what the engine uses of its worker process and the other workers."""
    if serving is None:
        return Host()
    host = Host(connections=admission, refusing=serving.announce_close)
    if slot is None:
        return host
    return replace(
        host,
        own_socket=None if slot.own_socket is None else f"unix:{slot.own_socket}",
        siblings=slot.siblings,
        workers=_workers(slot),
        node=slot.node.node,
        total=slot.node.total,
        minutes=slot.node.minutes,
    )


def _workers(slot: WorkerSlot) -> Workers | None:
    """Return the workers that commit each other's clicks; None if they cannot connect."""
    if slot.own_socket is None:
        return None
    return Workers(
        own=os.getpid(),
        node=slot.node.node,
        address=partial(commit_socket, slot.own_socket),
        listen=unix_listener,
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


def settings_from_environ() -> Settings:
    """Return the settings of a server that was not started by ``hunt serve``.

    Raises:
        SettingsError: A setting is wrong, or there is no database.
    """
    configure(Settings())  # so that a wrong setting is a log event, too
    settings = load(os.environ, cwd=Path.cwd()).settings
    if settings.embedded:
        raise SettingsError(
            "HUNT_DATABASE_URL is not set: set it, or run 'hunt serve', which starts a database"
        )
    configure(settings)
    return settings
