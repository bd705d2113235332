"""PostgreSQL connection strings: validated with the settings, shown without secrets.

A message of libpq may quote a part of the string, which may be the password.  No message
of this module quotes the string.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

#: Beginning of a message of libpq -> the message that replaces it.
_REASONS = {
    "invalid percent-encoded token": "(invalid percent-encoding); write % as %25",
    "forbidden value %00": "(%00 is not allowed); remove it",
    "unexpected spaces": "(a space in a URL); write a space as %20",
    "unterminated quoted string": "(a quotation mark is not closed); write a quotation mark as \\'",
    "invalid URI query parameter": "(unknown option); check the names after the question mark",
    "invalid connection option": "(unknown option); check the names before each equals sign",
    'missing "="': "(neither a URL nor key=value pairs); write postgresql://USER@HOST/DATABASE",
    "missing key/value": "(an option without a value); write each option as name=value",
}

_FORM = "write postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVER = re.compile(r"postgres(ql)?\+\w+://", re.ASCII | re.IGNORECASE)
_SCHEME = re.compile(r"[\w+.-]+://", re.ASCII)
_URL = re.compile(r"postgres(ql)?://", re.ASCII)

#: A host name or address, the absolute path of a folder, or an abstract socket.
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+|[/@][^\x00-\x1f]*", re.ASCII)

_WHOLE = re.compile(r"\s*[+-]?\d{1,9}\s*", re.ASCII)

#: Options with an integer value.
_NUMBERS = frozenset({
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval",
    "keepalives_count", "tcp_user_timeout",
})  # fmt: skip

_TLS = frozenset({"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"})

#: Option -> its valid values (PostgreSQL documentation, section 32.1.2).
_CHOICES = {
    "sslmode": frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}),
    "target_session_attrs": frozenset({
        "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
    }),
    "gssencmode": frozenset({"disable", "prefer", "require"}),
    "channel_binding": frozenset({"disable", "prefer", "require"}),
    "load_balance_hosts": frozenset({"disable", "random"}),
    "sslnegotiation": frozenset({"postgres", "direct"}),
    "sslcertmode": frozenset({"disable", "allow", "require"}),
    "ssl_min_protocol_version": _TLS,
    "ssl_max_protocol_version": _TLS,
}  # fmt: skip


def parse(text: str) -> dict[str, str]:
    """Return the options of a connection string.

    Raises:
        ValueError: The string is not valid.  The message follows the name of a setting,
            and never quotes the string.
    """
    from psycopg import Error  # half a megabyte, which some commands do not need
    from psycopg.conninfo import conninfo_to_dict

    if _DRIVER.match(text):
        raise _invalid("(it names a driver, as SQLAlchemy's do); write postgresql://")
    if text != text.strip():
        raise _invalid("(a space or line end before or after it); remove it")
    if _SCHEME.match(text) and not _URL.match(text):
        raise _invalid(f"(not an address of PostgreSQL); {_FORM}")
    if not text.isprintable():
        raise _invalid("(a character that cannot be printed); write it percent-encoded")
    try:
        options = {name: str(value) for name, value in conninfo_to_dict(text).items() if value}
    except (Error, UnicodeError) as exc:
        found = (said for begins, said in _REASONS.items() if str(exc).startswith(begins))
        raise _invalid(next(found, f"(it cannot be parsed); {_FORM}")) from None
    _check(options, url=_URL.match(text) is not None)
    return options


def location(text: str) -> str:
    """Return host, port and database of a connection string, for people.

    Raises:
        ValueError: As `parse` raises it.
    """
    options = parse(text)
    hosts = _split(options, "host") or _split(options, "hostaddr") or ["default host"]
    ports = _split(options, "port") or [""]
    ports = ports * len(hosts) if len(ports) == 1 else ports
    places = (f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=True))
    return f"{','.join(places)}/{options.get('dbname', '')}"


def _check(options: Mapping[str, str], *, url: bool) -> None:
    """Raise `ValueError` for options that libpq or the server would refuse later, with a quote."""
    hosts, ports = _split(options, "host"), _split(options, "port")
    addresses = _split(options, "hostaddr")
    unescaped = "write / in a password as %2F, and @ as %40" if url else "check host and port"
    if not all(_HOST.fullmatch(host) for host in hosts if host):
        raise _invalid(f"(not the name of a host); {unescaped}")
    if not all(not port or (_is_whole(port) and 0 < int(port) < 65536) for port in ports):
        raise _invalid(f"(a port is not a number from 1 to 65535); {unescaped}")
    if not all(not each or _is_address(each) for each in addresses):
        raise _invalid("(hostaddr is not an IP address); use host for a name")
    most = max(len(hosts), len(addresses), 1)
    if len(ports) not in {0, 1, most} or (hosts and addresses and len(hosts) != len(addresses)):
        raise _invalid("(hosts and ports do not match); give one port, or one for each host")
    database = options.get("dbname", "")
    if "://" in database or (url and "@" in database):
        raise _invalid(f"(not the name of a database); {unescaped}")
    for name in _NUMBERS & options.keys():
        if not _is_whole(options[name]):
            raise _invalid(f"({name} is not a whole number); write it in seconds or as a count")
    for name, values in _CHOICES.items():
        if name in options and options[name] not in values:
            raise _invalid(f"(unknown {name}); use one of {', '.join(sorted(values))}")


def _invalid(reason: str) -> ValueError:
    return ValueError(f"not a valid connection string {reason}")


def _split(options: Mapping[str, str], name: str) -> list[str]:
    value = options.get(name, "")
    return value.split(",") if value else []


def _is_whole(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
