"""What several commands share: their settings, and their way to the database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import trio

from hunt.errors import HuntError, SettingsError, StoreUnavailable
from hunt.settings import Loaded, Settings, load
from hunt.store import embedded
from hunt.store.connection import Connection
from hunt.store.errors import translated
from hunt.store.hunts import Hunts
from hunt.store.pool import open_pool
from hunt.store.secret import jwt_secret

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


def options(command: Command) -> Command:
    """Add the flags that say which server and which settings file."""
    command = click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the embedded PostgreSQL.",
    )(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Settings file; hunt.toml in the working directory otherwise.",
    )(command)


def read(data_dir: Path | None, config: Path | None) -> Loaded:
    """Return the settings of this command."""
    return load(os.environ, flags={"data_dir": data_dir}, config=config, cwd=Path.cwd())


def run(function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Run Trio, and leave out of an error what the nurseries wrapped around it."""
    try:
        return trio.run(function, *args)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, HuntError | KeyboardInterrupt):
            raise error from None
        raise


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """Yield the database's connection string; the embedded one runs for the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with embedded.server(settings.data_dir) as conninfo:
        yield conninfo


@asynccontextmanager
async def connection(settings: Settings) -> AsyncIterator[Connection]:
    """Yield one connection to the database.

    Raises:
        StoreUnavailable: There is none.
    """
    async with database(settings) as conninfo, connection_to(conninfo) as conn:
        yield conn


@asynccontextmanager
async def connection_to(conninfo: str) -> AsyncIterator[Connection]:
    """Yield one connection to a database that runs.

    Raises:
        StoreUnavailable: There is none.
    """
    try:
        with translated():
            conn = await Connection.connect(conninfo, autocommit=True)
    except HuntError as exc:
        raise StoreUnavailable(
            f"no connection to the database: {exc}; check HUNT_DATABASE_URL"
        ) from exc
    try:
        yield conn
    finally:
        conn.close_now()


@asynccontextmanager
async def hunts(settings: Settings) -> AsyncIterator[Hunts]:
    """Yield the hunts in the database."""
    async with database(settings) as conninfo, open_pool(conninfo, size=1) as pool:
        yield Hunts(pool)


def secrets(settings: Settings) -> tuple[bytes, ...]:
    """Return what signs tokens.

    Raises:
        SettingsError: There is nothing.
    """
    if settings.jwt_secret:
        return settings.jwt_secret
    if settings.embedded:
        return (jwt_secret(settings.data_dir),)
    raise SettingsError("HUNT_JWT_SECRET is not set: give one or more secrets of at least 32 bytes")
