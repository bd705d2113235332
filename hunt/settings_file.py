"""The commented settings file that ``hunt config --default`` prints."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields

from hunt.setting import Setting
from hunt.settings import DECLARATIONS, Settings
from hunt.sources import PREFIX

#: Characters of the longest comment line.
WIDTH = 99

#: First field of a group -> heading of the group, in the reference and in the settings file.
GROUPS: Mapping[str, str] = {
    "database_url": "Database",
    "bind": "Server",
    "jwt_secret": "Tokens",
    "challenge": "Challenge of guests",
    "batch_interval": "Commits",
    "click_rate": "Limits of players and addresses",
    "stream_buffer": "Streams",
    "webhook_allow": "Webhooks",
    "ready_share": "Readiness and shutdown",
    "log_format": "Logs and traces",
}

_HEAD = (
    "Settings of hunt. Every setting is commented out; each shows its default, or an example if "
    "the default is not a fixed value. Remove the # before a setting to change it. "
    f"An environment variable ({PREFIX} and the name in upper case) overrides this file."
)


def default_file() -> str:
    """Return a ``hunt.toml`` with all settings, each commented out and explained."""
    return "\n".join(_lines()) + "\n"


def setting_text(field: Field[object]) -> str:
    """Return the default of a setting as the value of its variable."""
    value = _default(field)
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _lines() -> Iterator[str]:
    yield from _comment(_HEAD)
    defaults = {each.name: each for each in fields(Settings)}
    for name, declared in DECLARATIONS.items():
        if name in GROUPS:
            yield from ("", f"# ---- {GROUPS[name]} ----")
        yield ""
        yield from _comment(_sentences(name, declared))
        yield f"#{name} = {_toml(declared, defaults[name])}"


def _sentences(name: str, declared: Setting) -> str:
    """Return the meaning of a setting, its values, unit and default, as sentences."""
    said = [declared.meaning, f"Valid: {declared.parser.accepts}."]
    if declared.unit:
        said.append(f"Unit: {declared.unit}.")
    if declared.default:
        said.append(f"Default: {declared.default}.")
    if declared.secret:
        said.append(f"Secret: {PREFIX}{name.upper()}_FILE may name a file that holds it.")
    return " ".join(said).replace("`", "")


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False):
        yield f"# {line}"


def _default(field: Field[object]) -> object:
    """Return a default that is a fixed value."""
    assert field.default is not MISSING, f"{field.name}: the default needs words"
    return field.default


def _toml(declared: Setting, field: Field[object]) -> str:
    """Return the default of a setting, or an example of its value, in TOML."""
    value = declared.example if declared.default else _default(field)
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if isinstance(value, str) and re.fullmatch(r"\d+|true|false", value, re.ASCII):
        return value
    return json.dumps(value, ensure_ascii=False)
