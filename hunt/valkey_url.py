"""Addresses of Valkey or Redis servers: validated with the settings, shown without secrets.

No message of this module quotes the address, which may hold a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

#: Scheme without ``+cluster`` and ``+sentinel`` -> whether it means TLS.
_TLS = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}

_FORM = "write valkey://USER:PASSWORD@HOST:PORT"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?", re.ASCII)
_SERVICE = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class ValkeyURL:
    """The parts of an address."""

    kind: Literal["server", "cluster", "sentinel"]
    hosts: tuple[tuple[str, int], ...]  #: host and port of each server, at least one
    tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0  #: number; a cluster has only 0
    service: str = ""  #: name of the primary that the sentinels watch
    ca: str | None = None  #: file with certificates of authorities; None: those of the system

    @property
    def location(self) -> str:
        """Hosts and ports, for people."""
        return ",".join(f"{host}:{port}" for host, port in self.hosts)


def parse(text: str) -> ValkeyURL:
    """Return the parts of an address.

    ``valkey://HOST`` is one server, ``valkey+cluster://HOST,HOST`` a cluster, and
    ``valkey+sentinel://HOST,HOST/SERVICE`` a primary that sentinels watch.  ``redis`` is
    another word for ``valkey``; ``valkeys`` and ``rediss`` use TLS.

    Raises:
        ValueError: The address is not valid.  The message follows the name of a setting,
            and never quotes the address.
    """
    if not text.isprintable() or " " in text:
        raise _invalid("(a space or a character that cannot be printed); write it as %20")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _invalid(f"(it cannot be parsed); {_FORM}") from None
    scheme, _, kind = parts.scheme.partition("+")
    if scheme not in _TLS or kind not in {"", "cluster", "sentinel"}:
        raise _invalid(f"(unknown scheme); {_FORM}")
    if parts.fragment or "#" in text:
        raise _invalid("(a # in it); write # as %23")
    user, at, servers = parts.netloc.rpartition("@")
    username, colon, password = user.partition(":")
    if _ESCAPE.search(user):
        raise _invalid("(invalid percent-encoding); write % as %25")
    if at and not user:
        raise _invalid("(nothing before the @); remove the @, or write USER:PASSWORD before it")
    port = 26379 if kind == "sentinel" else 6379
    hosts = tuple(_host(each, port) for each in servers.split(","))
    if len(hosts) > 1 and not kind:
        raise _invalid("(several hosts); use valkey+cluster:// or valkey+sentinel://")
    path = parts.path.removeprefix("/")
    database, service = 0, ""
    if kind == "sentinel":
        service, _, path = path.partition("/")
        if not _SERVICE.fullmatch(service):
            raise _invalid("(no service); write valkey+sentinel://HOST:26379/SERVICE")
    if path:
        if kind == "cluster" or not re.fullmatch(r"\d{1,5}", path, re.ASCII):
            raise _invalid("(not the number of a database); write one after the host, or none")
        database = int(path)
    return ValkeyURL(
        kind="cluster" if kind == "cluster" else "sentinel" if kind == "sentinel" else "server",
        hosts=hosts,
        tls=_TLS[scheme],
        username=unquote(username) or None,
        password=unquote(password) if colon else None,
        database=database,
        service=service,
        ca=_ca(parts.query, tls=_TLS[scheme]),
    )


def _ca(query: str, *, tls: bool) -> str | None:
    """Return the value of the only option."""
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise _invalid("(options that cannot be parsed); write ?ca=/PATH") from None
    ca = options.pop("ca", None)
    if options or (ca is not None and not ca):
        raise _invalid("(unknown option); the only one is ca=/PATH")
    if ca is not None and not tls:
        raise _invalid("(ca without TLS); use valkeys:// or rediss://")
    return ca


def _host(text: str, port: int) -> tuple[str, int]:
    match = _HOST.fullmatch(text)
    if match is None:
        raise _invalid("(not HOST:PORT); write / in a password as %2F, and @ as %40")
    number = int(match[2] or port)
    if not 0 < number < 65536:
        raise _invalid("(a port is not a number from 1 to 65535)")
    return match[1].strip("[]"), number


def _invalid(reason: str) -> ValueError:
    return ValueError(f"not a valid address of Valkey {reason}")
