"""Functions that run the asynchronous part of a command, with a database if it needs one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import psycopg
import trio

from hunt.cli import arguments
from hunt.core.hunts import Hunt
from hunt.embedded import postgres
from hunt.errors import HuntError, HuntNotFound, SettingsError, StoreUnavailable
from hunt.settings import Settings
from hunt.store import schema, setting_checks
from hunt.store.campaigns import Campaigns
from hunt.store.driver import limits
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translate, translated
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts

T = TypeVar("T")


def run(function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Run ``function(*args)`` in Trio; raise the first error of an exception group.

    Raises:
        HuntError: In place of an error of psycopg.
    """
    try:
        return trio.run(function, *args)
    except BaseException as raised:
        error: BaseException = raised
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, psycopg.Error):
            known = translate(error) or HuntError(
                f"database: refused the statement ({error.sqlstate}: {error.diag.message_primary})"
            )
            raise known from None
        if error is raised:
            raise
        raise error from None


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """Yield a connection string; the embedded PostgreSQL runs for the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with postgres.server(settings.data_dir) as conninfo:
        yield conninfo


@asynccontextmanager
async def connection(settings: Settings) -> AsyncIterator[Connection]:
    """Yield one connection without deadlines, for long statements.

    Raises:
        StoreUnavailable: The database cannot be reached.
    """
    async with database(settings) as conninfo, connection_to(conninfo) as conn:
        conn.patience = float("inf")
        yield conn


@asynccontextmanager
async def connection_to(conninfo: str) -> AsyncIterator[Connection]:
    """Yield one connection to a running database; each call on it has a deadline.

    Raises:
        StoreUnavailable: The database cannot be reached.
    """
    try:
        with translated():
            conn = await Connection.connect(conninfo, autocommit=True)
            conn.patience = limits.CALL
    except HuntError as exc:
        raise StoreUnavailable(
            f"no connection to the database: {exc}; check HUNT_DATABASE_URL"
        ) from exc
    try:
        encoding = conn.info.parameter_status("server_encoding") or "UTF8"
        if encoding != "UTF8":
            raise SettingsError(
                f"the database has encoding {encoding}: {setting_checks.ENCODING_CURE}"
            )
        yield conn
    finally:
        conn.close_now()


@asynccontextmanager
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    """Yield a connection pool for a database with the current schema.

    Raises:
        SettingsError: The schema is missing or out of date.
        StoreUnavailable: The database cannot be reached.
    """
    async with database(settings) as conninfo:
        async with connection_to(conninfo) as conn:
            lacking = await schema.lacking(conn)
        if lacking:
            raise SettingsError(f"{lacking}: run 'hunt migrate'")
        async with open_pool(conninfo, size=1) as opened:
            yield opened


@asynccontextmanager
async def hunts(settings: Settings) -> AsyncIterator[Hunts]:
    """Yield the hunts of the database."""
    async with pool(settings) as opened:
        yield Hunts(opened, arguments.key_ring(settings))


@asynccontextmanager
async def campaigns(settings: Settings) -> AsyncIterator[tuple[Campaigns, Hunts]]:
    """Yield the campaigns and the hunts of the database."""
    ring = arguments.key_ring(settings)
    async with pool(settings) as opened:
        yield Campaigns(opened, ring), Hunts(opened, ring)


async def existing(hunts: Hunts, hunt_id: str) -> Hunt:
    """Return a hunt.

    Raises:
        HuntNotFound: There is no hunt of that id.
    """
    hunt = await hunts.get(hunt_id)
    if hunt is None:
        raise HuntNotFound(f"there is no hunt {hunt_id!r}: 'hunt hunts' lists them")
    return hunt
