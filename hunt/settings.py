"""The settings of a server, and the origin of each value."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import platformdirs

from hunt import conninfo, sources, values
from hunt.errors import SettingsError
from hunt.sources import PREFIX

#: Descriptors that are no client's: pool, listeners, logs, epoll.
RESERVE = 64

#: The data folder of a user without a home folder.
SYSTEM_DATA_DIR = Path("/var/lib/hunt")

Origin = Literal["flag", "environment", "file", "default"]


def _data_dir() -> Path:
    """Return the user's data folder; that of the system where the user has no home folder."""
    try:
        found = Path(platformdirs.user_data_dir("hunt"))
    except RuntimeError:
        return SYSTEM_DATA_DIR
    return found if found.is_absolute() else SYSTEM_DATA_DIR


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One server's settings; field ``x_y`` is variable ``HUNT_X_Y``."""

    database_url: str | None = field(default=None, repr=False)  #: libpq; None means embedded
    listen_dsn: str | None = field(default=None, repr=False)  #: where LISTEN goes; None: the same
    data_dir: Path = field(default_factory=_data_dir)
    bind: tuple[str, ...] = ("127.0.0.1:8000",)  #: ``host:port`` or ``unix:/path``
    processes: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))  #: >= 1
    jwt_secret: tuple[bytes, ...] = field(default=(), repr=False)  #: the first signs, all verify
    jwt_algorithms: tuple[str, ...] = ("HS256",)  #: of the tokens of players and operators
    jwt_key_file: Path | None = None  #: public keys in PEM
    jwks_file: Path | None = None  #: a JSON Web Key Set, read again now and then
    #: Where the issuer publishes one; may hold a password.
    jwks_url: str | None = field(default=None, repr=False)
    jwt_issuer: str | None = field(
        default=None, repr=False
    )  #: ``iss`` of tokens signed with those keys; None is any
    guests: bool | None = None  #: guest sessions; None: where the database is embedded
    pool_size: int = 16  #: connections of one process, >= 2
    batch_interval: float = 0.020  #: seconds a batch gathers in a busy lane, >= 0
    batch_size: int = 500  #: clicks of one commit, >= 1
    queue_size: int = 5000  #: clicks that wait in one process, >= 1
    queue_age: float = 1.0  #: seconds a click may wait before new ones are refused, > 0
    breaker_slow: float = 0.050  #: seconds after which a commit is slow, > 0
    breaker_batches: int = 10  #: slow commits in a row that open the breaker, >= 1
    click_rate: float = 20.0  #: clicks a second of one player, >= 0; 0 is no limit
    click_burst: int = 40  #: clicks at once of one player, >= 1
    ticket_rate: float = 2.0  #: tickets a second for one player, >= 0; 0 is no limit
    ticket_burst: int = 20  #: tickets at once for one player, >= 1
    connect_rate: float = 5.0  #: streams a second that one player opens, >= 0; 0 is no limit
    connect_burst: int = 50  #: streams that one player opens at once, >= 1
    resume_rate: float = 2.0  #: of those, a second, with history to read, >= 0; 0 is no limit
    resume_burst: int = 20  #: of those, at once, with history to read, >= 1
    session_rate: float = 20.0  #: new guests a second from one address, >= 0; 0 is no limit
    session_burst: int = 2000  #: new guests at once from one address, >= 1
    #: Players that may share an address, which may do so many times what one may; 0 is
    #: no limit.  Large, because a school or a mobile network may have one address only.
    address_players: int = 1000
    fast_lane: bool = True  #: clicks and streams are served below Quart, where they are plain
    stream_buffer: int = 256  #: events a subscriber may be behind, >= 1
    max_connections: int | None = None  #: of one process; None: the file limit less a reserve
    #: Of one address in one process; 0 is no limit, None is half of `max_connections`.
    max_connections_per_address: int | None = None
    max_streams_per_player: int = 10  #: of one process, >= 1
    replay_limit: int = 1000  #: events of one resume, >= 1
    heartbeat: float = 15.0  #: seconds of silence on a stream, > 0
    #: Share of a node's workers, 0 to 1, that must be able to take clicks for it to be ready.
    ready_share: float = 0.5
    drain_delay: float = 0.0  #: seconds between "not ready" and the end of clicks, >= 0
    drain_timeout: float = 20.0  #: seconds to commit what waits, > 0
    allowed_origins: tuple[str, ...] = ()  #: besides the server's own
    trusted_proxies: tuple[str, ...] = ()  #: addresses, networks, ``unix``: their word counts
    operations_bind: str | None = None  #: for ``/metrics``; None: the same
    log_format: Literal["console", "json"] | None = None  #: None: by whether there is a terminal
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log: bool = True  #: a line for each request, at level `info`
    access_log_clicks: int = 100  #: of so many clicks one is logged, >= 1

    @property
    def embedded(self) -> bool:
        """Whether the server brings its own PostgreSQL."""
        return self.database_url is None

    @property
    def guests_allowed(self) -> bool:
        """Whether anybody may become a player."""
        return self.embedded if self.guests is None else self.guests


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each came from."""

    settings: Settings
    origins: Mapping[str, Origin]  #: field -> where its value came from


#: Connection strings, of which host, port and database may be shown.
CONNECTIONS = frozenset({"database_url", "listen_dsn"})

#: Fields that may be read from a file of their own (``HUNT_..._FILE``).
SECRETS = CONNECTIONS | {"jwt_secret"}


def load(
    environ: Mapping[str, str],
    *,
    flags: Mapping[str, object | None] | None = None,
    config: Path | None = None,
    cwd: Path,
) -> Loaded:
    """Read the settings: a flag beats the environment, that beats the file, that the default.

    Args:
        environ: As `os.environ`; names without ``HUNT_`` are ignored.
        flags: Field -> value from the command line; None where it was not given.
        config: A settings file that must exist; else ``hunt.toml`` in `cwd`, where there is one.
        cwd: The working directory.

    Raises:
        SettingsError: With one sentence for the first thing that is wrong.
    """
    raw: dict[str, tuple[object, Origin, str]] = {}
    path = config or cwd / "hunt.toml"
    for name, value in sources.file(path, PARSERS, needed=config is not None).items():
        raw[name] = (value, "file", f"{name} in {path}")
    for variable, value in sources.environ(environ, PARSERS, SECRETS).items():
        raw[variable.lower()] = (value, "environment", PREFIX + variable)
    for name, flag in (flags or {}).items():
        if flag is not None:
            raw[name] = (flag, "flag", f"--{name.replace('_', '-')}")
    parsed: dict[str, Any] = {}
    for name, (value, _, label) in raw.items():
        try:
            parsed[name] = PARSERS[name](value)
        except ValueError as exc:
            raise SettingsError(f"{label}: {exc}") from None
    settings = Settings(**parsed)
    origins: dict[str, Origin] = {
        each.name: raw[each.name][1] if each.name in raw else "default" for each in fields(Settings)
    }
    return Loaded(settings, origins)


PARSERS: Mapping[str, Callable[[object], object]] = {
    "database_url": values.dsn,
    "listen_dsn": values.dsn,
    "data_dir": values.path,
    "bind": values.addresses,
    "processes": values.whole(1, 1024),
    "jwt_secret": values.jwt_secrets,
    "jwt_algorithms": values.algorithms,
    "jwt_key_file": values.path,
    "jwks_file": values.path,
    "jwks_url": values.url,
    "jwt_issuer": values.text,
    "guests": values.flag,
    "pool_size": values.whole(2),
    "batch_interval": values.seconds(),
    "batch_size": values.whole(1),
    "queue_size": values.whole(1),
    "queue_age": values.seconds(above=True),
    "breaker_slow": values.seconds(above=True),
    "breaker_batches": values.whole(1),
    "click_rate": values.seconds(),
    "click_burst": values.whole(1),
    "ticket_rate": values.seconds(),
    "ticket_burst": values.whole(1),
    "connect_rate": values.seconds(),
    "connect_burst": values.whole(1),
    "resume_rate": values.seconds(),
    "resume_burst": values.whole(1),
    "session_rate": values.seconds(),
    "session_burst": values.whole(1),
    "address_players": values.whole(0),
    "fast_lane": values.flag,
    "stream_buffer": values.whole(1),
    "max_connections": values.whole(1),
    "max_connections_per_address": values.whole(0),
    "max_streams_per_player": values.whole(1),
    "replay_limit": values.whole(1),
    "heartbeat": values.seconds(above=True),
    "ready_share": values.share,
    "drain_delay": values.seconds(),
    "drain_timeout": values.seconds(above=True),
    "allowed_origins": values.origins,
    "trusted_proxies": values.proxies,
    "operations_bind": values.address,
    "log_format": values.choice("console", "json"),
    "log_level": values.choice("debug", "info", "warning", "error"),
    "access_log": values.flag,
    "access_log_clicks": values.whole(1),
}


def masked(settings: Settings) -> dict[str, str]:
    """Return every setting as text, for people, without secrets."""
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
    return values.without_secrets(value) if isinstance(value, str) else str(value)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Maximum numbers of client connections of one process."""

    total: int  #: of all clients
    per_address: int | None  #: of one address; None: no limit


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the limits of a process: never more connections than it has descriptors for.

    Beyond that, `accept` would fail for all clients (TRAPS, H11).
    """
    total = min(settings.max_connections or file_limit(), file_limit())
    per_address = settings.max_connections_per_address
    return ConnectionLimits(
        total, max(total // 2, 1) if per_address is None else per_address or None
    )


def file_limit() -> int:
    """Return the number of client connections that the limit on open files allows."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(soft - RESERVE, 1)
