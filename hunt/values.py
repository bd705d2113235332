"""The values of settings: each out of what a file, a variable or a flag says.

What is wrong is a `ValueError`, whose words follow the name of the setting.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path


def text(value: object) -> str:
    """Return a text."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    return value


def _list(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else text(value).split(",")
    return tuple(str(part).strip() for part in parts if str(part).strip())


def whole(least: int) -> Callable[[object], int]:
    """Return what takes a whole number."""

    def parse(value: object) -> int:
        try:
            if isinstance(value, bool | float):
                raise ValueError
            number = int(value)  # type: ignore[call-overload]
        except (ValueError, TypeError):
            number = least - 1
        if number < least:
            raise ValueError(f"must be a whole number, at least {least}")
        return int(number)

    return parse


def seconds(*, least: float = 0.0, above: bool = False) -> Callable[[object], float]:
    """Return what takes a number, of seconds mostly."""

    def parse(value: object) -> float:
        try:
            if isinstance(value, bool):
                raise ValueError
            number = float(value)  # type: ignore[arg-type]
        except (ValueError, TypeError):
            number = math.nan
        if not math.isfinite(number) or number < least or (above and number == least):
            raise ValueError(f"must be a number, {'more than' if above else 'at least'} {least:g}")
        return number

    return parse


def flag(value: object) -> bool:
    """Return whether it is on."""
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False}
    found = known.get(str(value).lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def choice(*choices: str) -> Callable[[object], str]:
    """Return what takes one of `choices`."""

    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return parse


_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9_.-]+):(\d{1,5})", re.ASCII)


def address(value: object) -> str:
    """Return where to listen: ``host:port`` or ``unix:/path``."""
    found = text(value)
    if found.startswith("unix:"):
        if not found.startswith("unix:/"):
            raise ValueError("must be unix: and an absolute path")
        return found
    match = _ADDRESS.fullmatch(found)
    if match is None or int(match[2]) > 65535:
        raise ValueError("must be HOST:PORT, as in 127.0.0.1:8000, or unix:/PATH")
    return found


def addresses(value: object) -> tuple[str, ...]:
    """Return one or more addresses."""
    found = tuple(address(each) for each in _list(value))
    if not found:
        raise ValueError("must be one or more addresses")
    return found


def jwt_secrets(value: object) -> tuple[bytes, ...]:
    """Return one or more secrets."""
    secrets = tuple(each.encode() for each in _list(value))
    if not secrets or any(len(each) < 32 for each in secrets):
        raise ValueError("must be one or more secrets of at least 32 bytes, comma-separated")
    return secrets


def algorithms(value: object) -> tuple[str, ...]:
    """Return one or more algorithms of signatures."""
    found = _list(value)
    known = ("HS256", "RS256", "ES256", "EdDSA")
    if not found or not set(found) <= set(known):
        raise ValueError(f"must be one or more of {', '.join(known)}")
    return found


def url(value: object) -> str:
    """Return an address that may be fetched from."""
    found = text(value)
    here = r"http://(localhost|127\.0\.0\.1|\[::1\])[:/][^\s]*"
    if not re.fullmatch(rf"https://[^\s]+|{here}", found):
        raise ValueError("must be https://..., or http:// to this machine")
    return found


def origins(value: object) -> tuple[str, ...]:
    """Return origins (RFC 6454)."""
    found = _list(value)
    for origin in found:
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise ValueError("must be origins, as in https://play.example, without a path")
    return found


def proxies(value: object) -> tuple[str, ...]:
    """Return addresses and networks."""
    found = _list(value)
    for proxy in found:
        try:
            proxy == "unix" or ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            raise ValueError("must be addresses, networks as in 10.0.0.0/8, or unix") from None
    return found


def path(value: object) -> Path:
    """Return a path."""
    return value if isinstance(value, Path) else Path(text(value)).expanduser()
