"""Loads settings from flags, environment and file, and shows them without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from hunt import conninfo, sources, url_values
from hunt.errors import SettingsError
from hunt.settings import CONNECTIONS, DECLARATIONS, SECRETS, Settings
from hunt.sources import PREFIX

Origin = Literal["flag", "environment", "file", "default"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and the origin of each value."""

    settings: Settings
    origins: Mapping[str, Origin]  #: field -> origin of its value


def load(
    environ: Mapping[str, str],
    *,
    flags: Mapping[str, object | None] | None = None,
    config: Path | None = None,
    cwd: Path,
) -> Loaded:
    """Read the settings: a flag precedes the environment, the file, and the default.

    Args:
        environ: As `os.environ`; names without ``HUNT_`` are ignored.
        flags: Field -> value from the command line; None if it was not given.
        config: A settings file that must exist; None: ``hunt.toml`` in `cwd`, if it exists.
        cwd: The working directory.

    Raises:
        SettingsError: One sentence about the first problem.
    """
    raw: dict[str, tuple[object, Origin, str]] = {}
    path = config or cwd / "hunt.toml"
    for name, value in sources.file(path, DECLARATIONS, needed=config is not None).items():
        raw[name] = (value, "file", f"{name} in {path}")
    for variable, value in sources.environ(environ, DECLARATIONS, SECRETS).items():
        raw[variable.lower()] = (value, "environment", PREFIX + variable)
    for name, flag in (flags or {}).items():
        if flag is not None:
            raw[name] = (flag, "flag", f"--{name.replace('_', '-')}")
    parsed: dict[str, Any] = {}
    for name, (value, _, label) in raw.items():
        try:
            parsed[name] = DECLARATIONS[name].parser(value)
        except ValueError as exc:
            raise SettingsError(f"{label}: {exc}") from None
    origins: dict[str, Origin] = {
        name: raw[name][1] if name in raw else "default" for name in DECLARATIONS
    }
    return Loaded(Settings(**parsed), origins)


def masked(settings: Settings) -> dict[str, str]:
    """Return every setting as text for people, without secrets."""
    return {
        each.name: _masked(each.name, getattr(settings, each.name)) for each in fields(settings)
    }


def _masked(name: str, value: object) -> str:
    if value is None or value == ():
        return "-"
    if name in CONNECTIONS:
        return f"{conninfo.location(str(value))} (user, password and options are not shown)"
    if name in SECRETS:
        return "(set)"
    if isinstance(value, tuple):
        return ",".join(value)
    return url_values.without_secrets(value) if isinstance(value, str) else str(value)
