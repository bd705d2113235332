"""The start and stop of an engine.

`running` starts the services in the order of its lines, and stops them in the reverse order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio

from hunt.bus import postgres as listener
from hunt.core.key_ring import KeyRing
from hunt.engine import VERSION, Engine, jitter
from hunt.errors import SealError, SettingsError, StoreUnavailable
from hunt.host import Host
from hunt.metrics.spans import exporting
from hunt.service.eviction import evict
from hunt.settings import Settings
from hunt.store.store import open_store

#: Seconds to wait for the database at the start.
START_PATIENCE = 30.0

#: Seconds to wait at the end until waiting entries of the audit trail are recorded.
AUDIT_PATIENCE = 1.0


@asynccontextmanager
async def open_engine(settings: Settings, host: Host | None = None) -> AsyncIterator[Engine]:
    """Run an engine on the database of `settings` while the scope is open.

    Args:
        settings: The settings of the server, with a database and a secret.
        host: The worker process and the other workers, as the engine uses them.

    Raises:
        SettingsError: The database is unsuitable (see `Store.wait_fit`), there is no secret, or
            a package is missing.
        StoreUnavailable: No database within `START_PATIENCE` seconds.
    """
    if settings.database_url is None:
        raise SettingsError("HUNT_DATABASE_URL is not set: the engine needs a database")
    if not settings.jwt_secret:
        raise SettingsError(
            "HUNT_JWT_SECRET is not set: give one or more secrets of at least 32 bytes"
        )
    ring = KeyRing(settings.data_keys)
    try:
        ring.try_seal()
    except SealError as exc:
        raise SettingsError(f"HUNT_DATA_KEYS is set, but {exc}") from None
    async with (
        open_store(
            settings.database_url,
            listen=settings.listen_dsn,
            size=settings.pool_size,
            notify=settings.bus_url is None,
            ring=ring,
        ) as store,
        exporting(settings.otlp_url, version=VERSION) as tracer,
        running(Engine(settings, store, host, tracer)) as engine,
    ):
        yield engine


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[Engine]:
    """Run an engine while the scope is open; drain it at the end.

    A task that fails ends the scope, and so the process.

    Raises:
        SettingsError: The database is unsuitable; see `Store.wait_fit`.
        StoreUnavailable: No answer within `START_PATIENCE` seconds.
    """
    trio.lowlevel.add_instrument(engine.telemetry.meter)
    try:
        with trio.move_on_after(START_PATIENCE) as patience:
            await engine.store.wait_fit()
            await engine.catalogue.wait_read(engine.streams)
            await engine.ban_reader.wait_read()
        if patience.cancelled_caught:
            raise StoreUnavailable(
                f"no database within {START_PATIENCE:.0f} s: check HUNT_DATABASE_URL"
            )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.telemetry.run)
            nursery.start_soon(evict, engine.rotations)
            nursery.start_soon(engine.catalogue.run, engine.streams)
            nursery.start_soon(engine.ban_reader.run)
            nursery.start_soon(engine.ending.run)
            nursery.start_soon(engine.heads.run)
            nursery.start_soon(engine.scheduler.run)
            nursery.start_soon(engine.retention.run)
            nursery.start_soon(engine.names.run)
            await nursery.start(engine.streams.run)
            nursery.start_soon(engine.operations.audit_queue.run)
            nursery.start_soon(engine.webhooks.run)
            await nursery.start(engine.leaderboard.run)
            nursery.start_soon(engine.leaders.run)
            await nursery.start(engine.campaign_boards.run)
            await nursery.start(engine.commits.run)
            nursery.start_soon(
                partial(
                    listener.run,
                    engine.store.listening,
                    own=engine.known_names,
                    notice=engine.streams.notice,
                    live=engine.live,
                    hunt_changed=engine.hunt_changed,
                    connected=engine.listener_connected,
                    jitter=jitter,
                    faults=engine.listener_faults,
                    link=engine.listener_link,
                )
            )
            if engine.challenges is not None:
                await nursery.start(engine.challenges.run)
            if engine.bus is not None:
                nursery.start_soon(engine.bus.run)
            yield engine
            await engine.operations.drain.run()
            with trio.move_on_after(AUDIT_PATIENCE):
                await engine.operations.audit_queue.wait_recorded()
            nursery.cancel_scope.cancel()
    finally:
        trio.lowlevel.remove_instrument(engine.telemetry.meter)
