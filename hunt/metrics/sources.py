"""The objects of a worker process that metrics and samples are read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from hunt.bus.link import Link
from hunt.core.breaker import Breaker
from hunt.core.hunts import Hunt
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.faults import Faults
from hunt.metrics.recorder import Recorder
from hunt.service.guard import Guard
from hunt.service.hub import Hub
from hunt.service.lanes import Lanes
from hunt.service.quarantine import Quarantine
from hunt.service.tail import Tail
from hunt.service.webhooks import Webhooks


class Connections(Protocol):
    """Counts of client connections, as `hunt.edge.admission.Admission`."""

    @property
    def count(self) -> int:
        """Open connections."""

    @property
    def evicted(self) -> int:
        """Idle connections of clients closed to make room for new ones."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Refused connections, by limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Objects of one process that metrics and samples are read from."""

    version: str  #: version of hunt
    recorder: Recorder
    hunts: Mapping[str, Hunt]  #: every hunt, by id
    faults: Faults
    breaker: Breaker
    guard: Guard
    hub: Hub
    lanes: Lanes
    forwarded: Mapping[str, int]  #: clicks forwarded to other workers, by result
    quarantine: Quarantine
    tail: Tail
    bus: str  #: ``postgresql`` or ``valkey``; carries notices of commits
    link: Link  #: state of that bus
    meter: EventLoopMeter
    pool: Callable[[], Mapping[str, int]]  #: returns connections to the database, by state
    webhooks: Webhooks
    connections: Connections | None  #: None where hunt does not accept connections itself
