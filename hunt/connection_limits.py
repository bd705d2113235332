"""The limits on client connections of a process, by the settings and its limit on open files."""

from __future__ import annotations

import resource
from dataclasses import dataclass

from hunt.settings import Settings

#: File descriptors that are not for clients: pool, listening sockets, logs, epoll.
RESERVE = 64


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Concurrency limits of the client connections of one process."""

    total: int  #: connections of all clients
    per_address: int | None  #: connections from one address; None: no limit


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the limits of a process, which never exceed its free file descriptors.

    Without free descriptors `accept` would fail for all clients (docs/reference/traps.md, H11).
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
