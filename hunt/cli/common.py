"""Settings, arguments and the database, for several commands."""

from __future__ import annotations

import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import psycopg
import trio

from hunt.configuration import Loaded, load
from hunt.core import form
from hunt.core.definition import Definition, parse
from hunt.embedded import postgres
from hunt.embedded.secret import jwt_secret
from hunt.errors import DefinitionError, HuntError, SettingsError, StoreUnavailable
from hunt.settings import Settings
from hunt.store import checks, schema
from hunt.store.driver import limits
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translate, translated
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.values import MOST_SECONDS

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

_FILE_MAX = 1 << 20  # bytes of a hunt file


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
    return load(os.environ, flags={"data_dir": data_dir}, config=config, cwd=working_directory())


def working_directory() -> Path:
    """Return the working directory.

    Raises:
        SettingsError: It was removed.
    """
    try:
        return Path.cwd()
    except OSError:
        raise SettingsError("the working directory does not exist: change to another") from None


class HuntId(click.ParamType[str]):
    """The id of a hunt; what cannot be one is not looked for."""

    name = "hunt"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the id."""
        found = str(value)
        if not form.ID.fullmatch(found):
            self.fail("must be the id of a hunt, 1-64 of a-z 0-9 -", param, ctx)
        return found


HUNT_ID = HuntId()


class Number(click.FloatRange):
    """A number that is finite."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        found = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if not abs(found) <= MOST_SECONDS:  # nor not a number
            self.fail(f"must be a number, at most {MOST_SECONDS:.0f}", param, ctx)
        return found


def definition(file: Path) -> Definition:
    """Return what a hunt file says.

    Raises:
        DefinitionError: It is not a hunt file.
        HuntError: It cannot be read.
    """
    try:
        with file.open("rb") as source:
            text = source.read(_FILE_MAX + 1)
        if len(text) > _FILE_MAX:
            raise DefinitionError({str(file): f"is larger than {_FILE_MAX} bytes"})
        return parse(text.decode())
    except OSError as exc:
        raise HuntError(f"{file} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise DefinitionError({str(file): "is not UTF-8"}) from None


def actor() -> str:
    """Return the name of the user, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return f"uid {os.getuid()}"


def run(function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Run Trio; raise the first error of a group of errors alone.

    Raises:
        HuntError: Also in place of an error of the database.
    """
    try:
        return trio.run(function, *args)
    except BaseException as raised:
        error: BaseException = raised
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, psycopg.Error):
            known = translate(error) or HuntError(
                f"the database refused ({error.sqlstate}): {error.diag.message_primary}"
            )
            raise known from None
        if error is raised:
            raise
        raise error from None


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """Yield the database's connection string; the embedded one runs for the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with postgres.server(settings.data_dir) as conninfo:
        yield conninfo


@asynccontextmanager
async def connection(settings: Settings) -> AsyncIterator[Connection]:
    """Yield one connection to the database, for work that takes as long as it takes.

    Raises:
        StoreUnavailable: There is none.
    """
    async with database(settings) as conninfo, connection_to(conninfo) as conn:
        conn.patience = float("inf")
        yield conn


@asynccontextmanager
async def connection_to(conninfo: str) -> AsyncIterator[Connection]:
    """Yield one connection to a database that runs; each call on it has a deadline.

    Raises:
        StoreUnavailable: There is none.
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
            raise SettingsError(f"the database has encoding {encoding}: {checks.ENCODING_CURE}")
        yield conn
    finally:
        conn.close_now()


@asynccontextmanager
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    """Yield a pool of connections to a database with the schema.

    Raises:
        SettingsError: The database has no schema, or an old one.
        StoreUnavailable: There is no database.
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
    """Yield the hunts in the database."""
    async with pool(settings) as opened:
        yield Hunts(opened)


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
