"""Sources of settings: a TOML file, and environment variables.

A user may have put a secret into the wrong setting.  Messages therefore name a setting and
a settings file, but never quote a value or a path from a variable.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from hunt.errors import SettingsError

PREFIX = "HUNT_"
TEST_PREFIX = "HUNT_TEST_"  # variables of the test suite, which servers ignore

#: Variables, without their prefix, that only client commands use.
CLIENTS = frozenset({"URL"})

_FILE_MAX = 1 << 20  # maximum size in bytes of a settings file, or of a file with a secret


def file(path: Path, known: Collection[str], *, needed: bool) -> dict[str, object]:
    """Return the settings in a file; an empty mapping for a missing file.

    Args:
        path: The settings file.
        known: The names of all settings.
        needed: The file must exist.

    Raises:
        SettingsError: The file cannot be read, or names an unknown setting.
    """
    try:
        table = tomllib.loads(_read(path))
    except FileNotFoundError:
        if needed:
            raise SettingsError(f"{path} cannot be read: there is no such file") from None
        return {}
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} cannot be read: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{path} is not TOML: {exc}") from None
    except (ValueError, RecursionError):
        wrong = "a number is too long, or values are nested too deeply"
        raise SettingsError(f"{path} is not TOML: {wrong}") from None
    for name in table:
        if name not in known:
            raise SettingsError(
                f"{_shown(name)} in {path} is not a setting{_nearest(name, known, '')}"
            )
    return table


def _read(path: Path) -> str:
    """Return the text of a file, up to a maximum size."""
    with path.open("rb") as file:
        return file.read(_FILE_MAX).decode()


def _shown(name: str) -> str:
    """Return a name for a message; hide any other text, which may be a misplaced secret."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name, re.ASCII) else "a name"


def environ(
    variables: Mapping[str, str], known: Collection[str], secrets: Collection[str]
) -> dict[str, str]:
    """Return setting -> value, from variables and from files that variables name.

    Args:
        variables: As `os.environ`; names without ``HUNT_`` are ignored.
        known: The names of all settings.
        secrets: Settings that may be read from a file of their own.

    Raises:
        SettingsError: A variable names an unknown setting, or a file cannot be read.
    """
    found = {}
    for variable, value in variables.items():
        if not variable.startswith(PREFIX) or variable.startswith(TEST_PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        if name in CLIENTS:
            continue
        if name.endswith("_FILE") and name.removesuffix("_FILE").lower() in secrets:
            name = name.removesuffix("_FILE")
            if PREFIX + name in variables:
                raise SettingsError(f"{PREFIX}{name} and {variable} are both set: keep one")
            found[name] = _secret_file(variable, Path(value))
            continue
        if name.lower() not in known:
            shown = _shown(variable)
            raise SettingsError(f"{shown} is not a setting{_nearest(name.lower(), known, PREFIX)}")
        found[name] = value
    return found


def _secret_file(variable: str, path: Path) -> str:
    # The path is not shown: it may be the secret itself, in the wrong variable.
    try:
        return _read(path).strip()
    except OSError as exc:
        raise SettingsError(f"{variable}: the file cannot be read: {exc.strerror}") from None
    except ValueError:
        raise SettingsError(f"{variable}: the file cannot be read: it is not UTF-8") from None


def _nearest(name: str, known: Collection[str], prefix: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if not near:
        return ": 'hunt config' lists them"
    return f": did you mean {prefix + near[0].upper() if prefix else near[0]}?"
