"""Samples of one process: its state, and the events of one second, for the operations page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from hunt.core.breaker import State
from hunt.metrics.counters import quantile
from hunt.metrics.recorder import SECONDS
from hunt.metrics.sources import Sources

#: Outcomes of clicks that were answered with 200.
ACCEPTED = ("won", "nothing", "duplicate")


class BreakerSeen(Struct, frozen=True):
    """State and counters of the breaker."""

    state: State
    forced: Literal["open", "closed"] | None
    reason: str | None  #: why it opened; None while closed
    open_for: float | None  #: seconds since it opened; None while closed
    probe_in: float | None  #: seconds until a probe may pass; None if none is due
    in_a_row: Mapping[str, int]  #: consecutive bad calls, by kind


class Sample(Struct, frozen=True):
    """One second of one process; None means that there was nothing to measure."""

    at: float  #: seconds since the epoch
    process: int  #: process id
    clicks: float  #: clicks per second that were answered with 200
    refused: float  #: other clicks per second
    click_p50: float | None  #: seconds, of the clicks of this second
    click_p99: float | None
    delivery_p50: float | None  #: seconds, from the commit to the write
    delivery_p99: float | None
    click_counts: tuple[int, ...]  #: clicks of this second by the buckets of `SECONDS`
    delivery_counts: tuple[int, ...]  #: deliveries of this second by the same buckets
    batches: int  #: commits of the last minute
    batch_average: float  #: seconds, of the commits of the last minute
    batch_max: float
    utilization: float  #: of the event loop, 0 to 1
    queue: int  #: clicks that wait for a commit
    oldest: float  #: age of the oldest of them, in seconds
    pool: Mapping[str, int]  #: connections to the database, by state
    breaker: BreakerSeen
    parked: int  #: event streams without a task
    awake: int  #: event streams with a task
    sockets: int  #: open WebSockets
    cut_off: int  #: slow consumers that were disconnected since the start
    bus_lag: float | None  #: the longest of this second, in seconds
    database: float  #: seconds since the last answer of the database
    draining: bool


class Sampler:
    """Takes samples: differences of counters since the last one, and the current state.

    Args:
        sources: The objects that the numbers are read from.
        process: The process id.
        clock: Monotonic time, in seconds; that of the breaker.
        wall: Returns the seconds since the epoch.
        answered: Returns when the database answered last, by `clock`.
        draining: Returns whether the process is draining.
    """

    def __init__(
        self,
        sources: Sources,
        *,
        process: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
        answered: Callable[[], float],
        draining: Callable[[], bool],
    ) -> None:
        self._sources = sources
        self._process = process
        self._clock, self._wall = clock, wall
        self._answered, self._draining = answered, draining
        self._since = clock()
        self._accepted, self._refused = self._clicks()
        self._click = sources.recorder.click_seconds.counts()
        self._delivery = sources.recorder.delivery_seconds.counts()

    def take(self) -> Sample:
        """Return the state now, and the events since the last call."""
        now, recorder = self._clock(), self._sources.recorder
        hub, lanes = self._sources.hub, self._sources.lanes
        # If the event loop was blocked, the sample covers more than a second.
        seconds = max(now - self._since, 1e-3)
        accepted, refused = self._clicks()
        streams = hub.counts()
        clicks = recorder.click_seconds.counts_since(self._click)
        deliveries = recorder.delivery_seconds.counts_since(self._delivery)
        sample = Sample(
            at=round(self._wall(), 3),
            process=self._process,
            clicks=round((accepted - self._accepted) / seconds, 1),
            refused=round((refused - self._refused) / seconds, 1),
            click_p50=duration(clicks, 0.5),
            click_p99=duration(clicks, 0.99),
            delivery_p50=duration(deliveries, 0.5),
            delivery_p99=duration(deliveries, 0.99),
            click_counts=clicks,
            delivery_counts=deliveries,
            batches=recorder.window.count(),
            batch_average=round(recorder.window.average(), 6),
            batch_max=round(recorder.window.maximum(), 6),
            utilization=round(self._sources.meter.utilization(), 4),
            queue=lanes.queued(),
            oldest=round(lanes.oldest(), 3),
            pool=self._sources.pool(),
            breaker=self._seen(now),
            parked=streams.get("sse", 0) - hub.awake,
            awake=hub.awake,
            sockets=streams.get("websocket", 0),
            cut_off=recorder.slow_subscribers,
            bus_lag=_rounded(recorder.take_bus_lag()),
            database=round(now - self._answered(), 1),
            draining=self._draining(),
        )
        self._since, self._accepted, self._refused = now, accepted, refused
        self._click = recorder.click_seconds.counts()
        self._delivery = recorder.delivery_seconds.counts()
        return sample

    def _clicks(self) -> tuple[int, int]:
        """Return how many clicks were accepted, and how many refused, since the start."""
        totals = self._sources.recorder.clicks.totals
        accepted = sum(totals[label] for label in ACCEPTED)
        return accepted, totals.total() - accepted

    def _seen(self, now: float) -> BreakerSeen:
        breaker = self._sources.breaker
        probe_at = breaker.probe_at()
        return BreakerSeen(
            state=breaker.state,
            forced=breaker.forced,
            reason=breaker.reason,
            open_for=None if breaker.state == "closed" else round(now - breaker.opened_at, 1),
            probe_in=None if probe_at is None else round(max(probe_at - now, 0.0), 1),
            in_a_row=breaker.in_a_row(),
        )


def duration(counts: Sequence[int], share: float) -> float | None:
    """Return a quantile of durations, in seconds; None without a duration.

    Args:
        counts: Number of durations in each bucket of `SECONDS`.
        share: The quantile, 0 to 1.
    """
    return _rounded(quantile(SECONDS, counts, share))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
