"""Parsers for the values of settings, from a file, a variable or a flag.

A wrong value is a `ValueError`.  Its message follows the name of the setting, and never
quotes the value: a user may have put a secret into the wrong setting.
"""

from __future__ import annotations

import base64
import ipaddress
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from hunt import conninfo, valkey_url
from hunt.plurals import plural

#: The largest whole number, and the largest number of seconds (about 31 years).
MOST = 2**31 - 1
MOST_SECONDS = 1e9
MOST_SEQ = 2**62

#: Maximum length of a Unix socket's path, in bytes (sun_path, unix(7)).
SOCKET_PATH_MAX = 107

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parser(Generic[T]):
    """A function that parses the value of a setting, with a description of valid values."""

    accepts: str  #: valid values in words, as "a whole number, at least 1"
    parse: Callable[[object], T]

    def __call__(self, value: object) -> T:
        """Return the parsed value.

        Raises:
            ValueError: The value is not valid.
        """
        return self.parse(value)


def accepts(description: str) -> Callable[[Callable[[object], T]], Parser[T]]:
    """Return a decorator that makes a function a `Parser`."""
    return lambda parse: Parser(description, parse)


@accepts("a text without control characters")
def text(value: object) -> str:
    """Return a text."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    # The system passes a byte that is not UTF-8 as a surrogate.
    if any(ord(each) < 32 or 0xD800 <= ord(each) <= 0xDFFF for each in value):
        raise ValueError("must be UTF-8, without control characters")
    return value


@accepts("a PostgreSQL connection string: a URL, or key=value pairs")
def dsn(value: object) -> str:
    """Return a connection string that libpq accepts."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a connection string that is not empty")
    conninfo.parse(value)
    return value


@accepts("an address of Valkey or Redis, as in valkey://HOST:6379")
def bus(value: object) -> str:
    """Return the address of a Valkey or Redis server."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be an address that is not empty")
    valkey_url.parse(value)
    return value


def listed(value: object) -> tuple[str, ...]:
    """Return the texts of a list, or of a text with commas."""
    parts = [text(part) for part in value] if isinstance(value, list) else text(value).split(",")
    return tuple(part.strip() for part in parts if part.strip())


def whole(least: int, most: int = MOST) -> Parser[int]:
    """Return a parser for integers from `least` to `most`."""

    @accepts(f"a whole number, at least {least} and at most {most}")
    def parse(value: object) -> int:
        try:
            if isinstance(value, bool | float):
                raise ValueError
            number = int(value)  # type: ignore[call-overload]
        except (ValueError, TypeError):
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"must be {parse.accepts}")
        return int(number)

    return parse


def decimal(*, above: bool = False, most: float = MOST_SECONDS) -> Parser[float]:
    """Return a parser for numbers from 0 to `most`.

    Args:
        above: Refuse 0.
        most: The largest valid number.
    """
    first = "more than 0" if above else "at least 0"

    @accepts(f"a number, {first} and at most {most:.0f}")
    def parse(value: object) -> float:
        try:
            if isinstance(value, bool):
                raise ValueError
            number = float(value)  # type: ignore[arg-type]
        except (ValueError, TypeError, OverflowError):
            number = math.nan
        if not 0 <= number <= most or (above and number == 0):
            raise ValueError(f"must be {parse.accepts}")
        return number

    return parse


@accepts("true or false")
def flag(value: object) -> bool:
    """Return a truth value."""
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False}
    found = known.get(str(value).lower())
    if found is None:
        raise ValueError(f"must be {flag.accepts}")
    return found


_SITE_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


@accepts("1 to 100 of A-Z, a-z, 0-9, _ and -")
def site_key(value: object) -> str:
    """Return the public key of a site."""
    if not isinstance(value, str) or not _SITE_KEY.fullmatch(value):
        raise ValueError(f"must be {site_key.accepts}")
    return value


def choice(*choices: str) -> Parser[str]:
    """Return a parser for one of `choices`."""

    @accepts(f"one of {', '.join(choices)}")
    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(f"must be {parse.accepts}")
        return str(value)

    return parse


_ADDRESS = re.compile(r"(\[[^][]*\]|[^][:]+):(\d{1,5})", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)


@accepts("HOST:PORT or unix:/PATH")
def address(value: object) -> str:
    """Return an address to listen on: ``host:port`` or ``unix:/path``."""
    found = text(value)
    if found.startswith("unix:"):
        socket = found.removeprefix("unix:")
        if not socket.startswith("/") or len(socket.encode()) > SOCKET_PATH_MAX:
            raise ValueError(
                f"must be unix: and an absolute path of at most {SOCKET_PATH_MAX} bytes"
            )
        return found
    match = _ADDRESS.fullmatch(found)
    if match is None or not is_host(match[1]) or int(match[2]) > 65535:
        raise ValueError("must be HOST:PORT, as in 127.0.0.1:8000, or unix:/PATH")
    return found


@accepts("one or more addresses, each HOST:PORT or unix:/PATH, comma-separated")
def addresses(value: object) -> tuple[str, ...]:
    """Return one or more addresses."""
    found = tuple(address(each) for each in listed(value))
    if not found:
        raise ValueError("must be one or more addresses")
    return found


def is_host(host: str) -> bool:
    """Return whether `host` is a name, an IPv4 address, or an IPv6 address in brackets."""
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return True
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


@accepts("one or more secrets of at least 32 bytes, comma-separated")
def jwt_secrets(value: object) -> tuple[bytes, ...]:
    """Return one or more secrets."""
    secrets = tuple(each.encode() for each in listed(value))
    if not secrets or any(len(each) < 32 for each in secrets):
        raise ValueError(f"must be {jwt_secrets.accepts}")
    return secrets


#: Length of a key of AES-256, in bytes.
KEY_BYTES = 32

#: Valid id of such a key.
KEY_ID = re.compile(r"[a-z0-9-]{1,16}", re.ASCII)


@accepts(
    "one or more keys, each ID:KEY, comma-separated: the id 1-16 of a-z, 0-9 and -, the key "
    f"{KEY_BYTES} bytes in base64; 'hunt keys new' prints one"
)
def data_keys(value: object) -> tuple[tuple[str, bytes], ...]:
    """Return one or more keys that encrypt data at rest, each with its id."""
    keys: dict[str, bytes] = {}
    for number, each in enumerate(listed(value), 1):
        id_, colon, encoded = each.partition(":")
        if not colon or not KEY_ID.fullmatch(id_):
            raise ValueError(f"key {number} must be ID:KEY, with an id of 1-16 of a-z, 0-9 and -")
        try:
            key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
        except ValueError:
            raise ValueError(f"key {number} is not base64; 'hunt keys new' prints one") from None
        if len(key) != KEY_BYTES:
            raise ValueError(
                f"key {number} has {plural(len(key), 'byte')} instead of {KEY_BYTES}; "
                "'hunt keys new' prints one"
            )
        if id_ in keys:
            raise ValueError(f"key {number} has the id of an earlier key; give each its own")
        keys[id_] = key
    if not keys:
        raise ValueError("must be one or more keys, each ID:KEY; 'hunt keys new' prints one")
    return tuple(keys.items())


_ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")


@accepts(f"one or more of {', '.join(_ALGORITHMS)}")
def algorithms(value: object) -> tuple[str, ...]:
    """Return one or more signature algorithms."""
    found = listed(value)
    if not found or not set(found) <= set(_ALGORITHMS):
        raise ValueError(f"must be {algorithms.accepts}")
    return found


@accepts("addresses, networks as in 10.0.0.0/8, or unix, comma-separated")
def proxies(value: object) -> tuple[str, ...]:
    """Return addresses and networks."""
    found = listed(value)
    for proxy in found:
        try:
            proxy == "unix" or ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            raise ValueError("must be addresses, networks as in 10.0.0.0/8, or unix") from None
    return found


@accepts("networks or addresses, as in 10.0.0.0/8 or ::1, comma-separated")
def networks(value: object) -> tuple[str, ...]:
    """Return addresses and networks."""
    found = listed(value)
    for each in found:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            raise ValueError(f"must be {networks.accepts}") from None
    return found


@accepts("a path")
def path(value: object) -> Path:
    """Return a path."""
    found = text(str(value) if isinstance(value, Path) else value)
    if "://" in found:
        raise ValueError("must be a path, not a URL")
    if isinstance(value, Path):
        return value  # from a flag, which the shell has expanded
    try:
        return Path(found).expanduser()
    except RuntimeError:
        raise ValueError("must be a path; the user after ~ has no home folder") from None
