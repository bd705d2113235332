"""Options and argument types that several commands share, and the settings they select."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from hunt.configuration import Loaded, load
from hunt.core import form
from hunt.core.definition import Definition
from hunt.core.hunt_file import parse
from hunt.core.key_ring import KeyRing
from hunt.core.player_ids import VALID_PLAYER, valid_player
from hunt.embedded.data_keys import data_keys
from hunt.embedded.token_secret import jwt_secret
from hunt.errors import DefinitionError, HuntError, SettingsError
from hunt.settings import Settings
from hunt.values import MOST_SECONDS

Command = TypeVar("Command", bound=Callable[..., Any])

#: The error of a server, or a command, that has no secret to sign tokens with.
NO_SECRET = "HUNT_JWT_SECRET: not set; give one or more secrets of at least 32 bytes"

#: Units of durations, in seconds.
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

#: Longest duration, such as the validity of a token, in days.
MOST_DAYS = 3650

_FILE_MAX = 1 << 20  # maximum size of a hunt file, in bytes

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder of the server, with its embedded PostgreSQL; see 'hunt config'.",
)

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Settings file; the default is hunt.toml in the working directory, if it exists.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def options(command: Command) -> Command:
    """Add the options that select the data folder and the settings file."""
    return config_option(data_dir_option(command))


def examples(*lines: str) -> str:
    """Return the part of a help text that shows example command lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def echo_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of equal length with aligned columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


class Id(click.ParamType[str]):
    """The id of a hunt or of a prize; a malformed id is a usage error.

    Args:
        name: Noun for the thing with the id.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the id."""
        found = str(value)
        if not form.ID.fullmatch(found):
            self.fail(
                f"must be the id of a {self.name}, {form.VALID_ID}",
                param,
                ctx,
            )
        return found


HUNT_ID = Id("hunt")
PRIZE_ID = Id("prize")


class PlayerId(click.ParamType[str]):
    """The id of a player; a malformed id is a usage error."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the id."""
        found = str(value)
        if not valid_player(found):
            self.fail(f"must be {VALID_PLAYER}", param, ctx)
        return found


PLAYER_ID = PlayerId()


class Duration(click.ParamType[float]):
    """A duration with a unit, as seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds in a text like ``90s`` or ``1h``."""
        match = re.fullmatch(r"(\d{1,9})([smhd])", str(value), re.ASCII)
        if match is None or not int(match[1]):
            self.fail("must be a duration, as in 90s, 15m, 1h or 7d", param, ctx)
        found = float(int(match[1]) * UNITS[match[2]])
        if found > MOST_DAYS * UNITS["d"]:
            self.fail(f"must be at most {MOST_DAYS}d", param, ctx)
        return found


class Coordinate(click.ParamType[float]):
    """A finite number without bounds."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        return _finite(self, float(click.FLOAT(value, param, ctx)), param, ctx)


class Number(click.FloatRange):
    """A finite number within bounds."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        found = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        return _finite(self, found, param, ctx)


def _finite(
    kind: click.ParamType[float],
    number: float,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> float:
    if not abs(number) <= MOST_SECONDS:  # also true for NaN
        kind.fail(f"must be a number, at most {MOST_SECONDS:.0f}", param, ctx)
    return number


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
        raise SettingsError(
            "working directory: does not exist any more; change to another one"
        ) from None


def secrets(settings: Settings) -> tuple[bytes, ...]:
    """Return the secrets that sign tokens.

    Raises:
        SettingsError: There are none.
    """
    if settings.jwt_secret:
        return settings.jwt_secret
    if settings.embedded:
        return (jwt_secret(settings.data_dir),)
    raise SettingsError(NO_SECRET)


def key_ring(settings: Settings) -> KeyRing:
    """Return the keys that encrypt data at rest; without keys, an empty ring.

    Raises:
        SettingsError: The file of keys of the data folder cannot be used.
    """
    return KeyRing(with_data_keys(settings).data_keys)


def with_data_keys(settings: Settings) -> Settings:
    """Return the settings with the keys of the data folder, if PostgreSQL is embedded.

    Raises:
        SettingsError: The file of keys cannot be used.
    """
    if settings.data_keys or not settings.embedded:
        return settings
    return replace(settings, data_keys=data_keys(settings.data_dir))


def definition(file: Path) -> Definition:
    """Read a hunt file.

    Raises:
        DefinitionError: The file is not a valid hunt file.
        HuntError: The file cannot be read.
    """
    return parse(text(file))


def text(file: Path) -> str:
    """Return the text of a hunt file, or of a campaign's file.

    Raises:
        DefinitionError: The file is too large, or not UTF-8.
        HuntError: The file cannot be read.
    """
    try:
        with file.open("rb") as source:
            found = source.read(_FILE_MAX + 1)
        if len(found) > _FILE_MAX:
            raise DefinitionError({str(file): f"is larger than {_FILE_MAX} bytes"})
        return found.decode()
    except OSError as exc:
        raise HuntError(f"{file}: cannot be read ({exc.strerror})") from None
    except UnicodeDecodeError:
        raise DefinitionError({str(file): "is not UTF-8"}) from None


def actor() -> str:
    """Return the name of the user, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return f"uid {os.getuid()}"
