"""The parts of a worker process and of its node that an engine uses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from hunt.core.readiness import NodeState
from hunt.metrics.families import Family
from hunt.metrics.hunt_minutes import Minute
from hunt.metrics.sources import Connections
from hunt.service.joint_commits import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The services of a worker process, and of the other workers of the node, for an engine."""

    connections: Connections | None = None  #: None where hunt does not accept connections
    #: Called when a drain begins to refuse clicks; must not block.
    refusing: Callable[[], None] = lambda: None
    own_socket: str | None = None  #: ``unix:/path`` for requests of sibling processes
    siblings: Callable[[], list[Path]] = list  #: returns the sockets of sibling processes
    #: The workers that commit each other's clicks; None without a supervisor process.
    workers: Workers | None = None
    #: Returns the readiness of the node; None without a supervisor process.
    node: Callable[[], NodeState] | None = None
    #: Returns the metrics of the node, and the time of `time.monotonic` up to which they may be
    #: shown; None without a supervisor process.
    total: Callable[[], Awaitable[tuple[list[Family], float]]] | None = None
    #: Returns the minutes of a hunt by its id, of all workers of the node, and the seconds since
    #: 1970 from which they are counted; None without a supervisor process.
    minutes: Callable[[str], Awaitable[tuple[list[Minute], float]]] | None = None
