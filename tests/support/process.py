"""The sources of one process' metrics, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import trio

from hunt.bus.link import Link
from hunt.core.breaker import Breaker
from hunt.core.events import Click, Outcome, Reward
from hunt.core.hunts import Hunt
from hunt.core.webhooks import Lease, WebhookState
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.faults import Faults
from hunt.metrics.recorder import Recorder
from hunt.metrics.registry import Registry
from hunt.metrics.sampler import Sampler
from hunt.metrics.sources import Connections, Sources
from hunt.service.guard import Guard
from hunt.service.lanes import Lanes
from hunt.service.log_news import LogNews
from hunt.service.quarantine import Quarantine
from hunt.service.tail import Tail
from hunt.service.webhook_delivery import DeliveryServices, LogSource
from hunt.service.webhooks import Webhooks
from tests.support.hubs import make_hub


class Process:
    """Sources with real services, of which none runs.

    Args:
        connections: Connections of clients; None: they are not counted.
    """

    def __init__(self, connections: Connections | None = None) -> None:
        self.recorder = Recorder(trio.current_time)
        self.hunts: dict[str, Hunt] = {}
        self.faults = Faults()
        self.breaker = Breaker(trio.current_time, jitter=lambda: 1.0)
        self.hub = make_hub()[0]
        self.lanes = Lanes(
            _commit, batch_size=9, batch_interval=0, queue_size=9, queue_age=9, jitter=lambda: 0
        )
        self.answered = trio.current_time()
        quarantine = Quarantine(trio.current_time, jitter=lambda: 0.0)
        self.sources = Sources(
            version="9",
            recorder=self.recorder,
            hunts=self.hunts,
            faults=self.faults,
            breaker=self.breaker,
            guard=Guard(
                _append, _reject, self.breaker, quarantine, jitter=lambda: 0.0, known=lambda _: 0
            ),
            hub=self.hub,
            lanes=self.lanes,
            forwarded={"settled": 3, "left": 2, "lost": 1},
            quarantine=quarantine,
            bus="valkey",
            link=Link(),
            tail=Tail(read=_read, last=_last, publish=print, jitter=lambda: 0.0),
            meter=EventLoopMeter(trio.current_time),
            pool=lambda: {"idle": 2, "busy": 1, "connecting": 0},
            webhooks=make_webhooks(),
            connections=connections,
        )
        self.registry = Registry(self.sources)
        self.sampler = Sampler(
            self.sources,
            process=7,
            clock=trio.current_time,
            wall=lambda: 1000 + trio.current_time(),
            answered=lambda: self.answered,
            draining=lambda: False,
        )


def make_webhooks() -> Webhooks:
    """Return the service of webhooks, which does not run."""
    services = DeliveryServices(
        leases=None, unseal=None, sender=None,  # type: ignore[arg-type]
        logs={
            "rewards": LogSource(None, LogNews()),  # type: ignore[arg-type]
            "changes": LogSource(None, LogNews()),  # type: ignore[arg-type]
        },
        database=trio.CapacityLimiter(1), jitter=lambda: 0.0, clock=lambda: 0.0,
        attempts=Counter({"2xx": 3, "none": 1}), dead=Counter(),
    )  # fmt: skip
    return Webhooks(_claim, services)


async def _claim() -> tuple[list[Lease], list[WebhookState]]:
    raise NotImplementedError


async def _commit(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
    raise NotImplementedError


_append = _commit


async def _reject(hunt: str, click: Click, reason: str) -> None:
    raise NotImplementedError


async def _read(hunt: str, after: int, upto: int) -> list[Reward]:
    raise NotImplementedError


async def _last() -> dict[str, int]:
    raise NotImplementedError
