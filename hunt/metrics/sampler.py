"""How a process is doing, in one second: what the operations page plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from hunt.core.breaker import Breaker, State
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.registry import Metrics
from hunt.service.hub import Hub
from hunt.service.lanes import Lanes

#: What became of a click that was answered with 200.
TAKEN = ("won", "nothing", "duplicate")


class BreakerSeen(Struct, frozen=True):
    """The breaker, what it saw, and when it will probe."""

    state: State
    forced: Literal["open", "closed"] | None
    reason: str | None  #: why it opened; None while closed
    open_for: float | None  #: seconds since it opened; None while closed
    probe_in: float | None  #: seconds until a probe may pass; None where none is awaited
    in_a_row: Mapping[str, int]  #: calls that went wrong in a row, by kind


class Sample(Struct, frozen=True):
    """One second of one process; None where there was nothing to measure."""

    at: float  #: seconds since the epoch
    process: int  #: its id
    clicks: float  #: answered with 200, a second
    refused: float  #: the others, a second
    click_p50: float | None  #: seconds, of the clicks of this second
    click_p99: float | None
    delivery_p50: float | None  #: seconds, from the commit to the write
    delivery_p99: float | None
    batch_average: float  #: seconds, of the commits of the last minute
    batch_max: float
    utilization: float  #: of the event loop, 0 to 1
    queue: int  #: clicks that wait for a commit
    oldest: float  #: seconds that the oldest of them has waited
    pool: Mapping[str, int]  #: connections to the database, by state
    breaker: BreakerSeen
    parked: int  #: event streams without a task
    awake: int  #: event streams that have one
    sockets: int
    cut_off: int  #: streams that were too slow, since the start
    bus_lag: float | None  #: seconds, the longest of this second
    database: float  #: seconds since the database answered last
    draining: bool


class Sampler:
    """Takes samples: differences of counters since the last one, and how things stand.

    Args:
        process: Its id.
        clock: Monotonic time, in seconds; the breaker's.
        wall: Seconds since the epoch.
        metrics: The counters.
        breaker: Of the commits.
        hub: Of the streams.
        lanes: Of the clicks.
        meter: Of the event loop.
        pool: Returns how many connections are in which state.
        answered: Returns when the database answered last, by `clock`.
        draining: Returns whether the process drains.
    """

    def __init__(
        self,
        *,
        process: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
        metrics: Metrics,
        breaker: Breaker,
        hub: Hub,
        lanes: Lanes,
        meter: EventLoopMeter,
        pool: Callable[[], Mapping[str, int]],
        answered: Callable[[], float],
        draining: Callable[[], bool],
    ) -> None:
        self._process = process
        self._clock, self._wall = clock, wall
        self._metrics, self._breaker, self._hub = metrics, breaker, hub
        self._lanes, self._meter, self._pool = lanes, meter, pool
        self._answered, self._draining = answered, draining
        self._since = clock()
        self._taken, self._refused = self._clicks()
        self._click = metrics.click_seconds.counts()
        self._delivery = metrics.delivery.counts()

    def take(self) -> Sample:
        """Return how it is now, and what has happened since the last call."""
        now, metrics = self._clock(), self._metrics
        # A loop that stood still samples late: then the rate is of more than a second.
        seconds = max(now - self._since, 1e-3)
        taken, refused = self._clicks()
        streams = self._hub.counts()
        click, delivery = metrics.click_seconds, metrics.delivery
        sample = Sample(
            at=round(self._wall(), 3),
            process=self._process,
            clicks=round((taken - self._taken) / seconds, 1),
            refused=round((refused - self._refused) / seconds, 1),
            click_p50=_rounded(click.quantile(0.5, since=self._click)),
            click_p99=_rounded(click.quantile(0.99, since=self._click)),
            delivery_p50=_rounded(delivery.quantile(0.5, since=self._delivery)),
            delivery_p99=_rounded(delivery.quantile(0.99, since=self._delivery)),
            batch_average=round(metrics.window.average(), 6),
            batch_max=round(metrics.window.maximum(), 6),
            utilization=round(self._meter.utilization(), 4),
            queue=self._lanes.queued(),
            oldest=round(self._lanes.oldest(), 3),
            pool=self._pool(),
            breaker=self._seen(now),
            parked=streams.get("sse", 0) - self._hub.awake,
            awake=self._hub.awake,
            sockets=streams.get("websocket", 0),
            cut_off=metrics.slow,
            bus_lag=_rounded(metrics.take_bus_lag()),
            database=round(now - self._answered(), 1),
            draining=self._draining(),
        )
        self._since, self._taken, self._refused = now, taken, refused
        self._click, self._delivery = click.counts(), delivery.counts()
        return sample

    def _clicks(self) -> tuple[int, int]:
        totals = self._metrics.clicks.totals
        taken = sum(totals[label] for label in TAKEN)
        return taken, totals.total() - taken

    def _seen(self, now: float) -> BreakerSeen:
        breaker = self._breaker
        probe_at = breaker.probe_at()
        return BreakerSeen(
            state=breaker.state,
            forced=breaker.forced,
            reason=breaker.reason,
            open_for=None if breaker.state == "closed" else round(now - breaker.opened_at, 1),
            probe_in=None if probe_at is None else round(max(probe_at - now, 0.0), 1),
            in_a_row=breaker.in_a_row(),
        )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
