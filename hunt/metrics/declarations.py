"""Every metric that hunt exposes: one declaration each.

``docs/reference/metrics.md`` is generated from here: run ``python docs/generate.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar, get_args

import trio

from hunt.core.breaker import Breaker, State
from hunt.logs import lines_lost
from hunt.metrics.counters import Histogram
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.families import Rule
from hunt.metrics.faults import Faults
from hunt.metrics.recorder import Recorder
from hunt.service.guard import Guard
from hunt.service.hub import Hub
from hunt.service.lanes import Lanes
from hunt.service.quarantine import Quarantine
from hunt.service.tail import Tail


class Connections(Protocol):
    """Counts of client connections, as `hunt.edge.admission.Admission`."""

    @property
    def count(self) -> int:
        """Open connections."""

    @property
    def evicted(self) -> int:
        """Idle connections that were closed to accept new ones."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Refused connections, by limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Objects of one process that metrics and samples are read from."""

    version: str  #: of hunt
    recorder: Recorder
    faults: Faults
    breaker: Breaker
    guard: Guard
    hub: Hub
    lanes: Lanes
    quarantine: Quarantine
    tail: Tail
    meter: EventLoopMeter
    pool: Callable[[], Mapping[str, int]]  #: returns connections to the database, by state
    connections: Connections | None  #: None where hunt does not accept connections itself


#: A number; a number for each value of the label, or of both labels; a histogram.
Present = float | Mapping[str, float] | Mapping[tuple[str, str], float] | Histogram

#: None: this process has no such metric.
Value = Present | None


Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class Metric(Generic[Source]):
    """The declaration of one metric."""

    name: str  #: as exposed; of a counter without ``_total``
    kind: Literal["counter", "gauge", "histogram"]
    unit: str  #: of its values
    help: str  #: one sentence, the ``HELP`` line of the exposition
    read: Callable[[Source], Value]  #: called at each scrape
    labels: tuple[str, ...] = ()  #: names of the labels
    rule: Rule = "sum"  #: how the values of a node's workers become one


def _connections(read: Callable[[Connections], Value]) -> Callable[[Sources], Value]:
    """Return a reader of client connections, which some processes do not count."""
    return lambda each: None if each.connections is None else read(each.connections)


#: In the order of the exposition.  No label names a player.
METRICS: tuple[Metric[Sources], ...] = (
    Metric(
        "hunt_clicks", "counter", "clicks", "Clicks, by outcome.",
        lambda each: each.recorder.clicks.counts, ("hunt", "outcome"),
    ),
    Metric(
        "hunt_click_seconds", "histogram", "seconds", "Time from a click to its answer.",
        lambda each: each.recorder.click_seconds,
    ),
    Metric(
        "hunt_queue_clicks", "gauge", "clicks", "Clicks that wait for a commit.",
        lambda each: each.lanes.queued(),
    ),
    Metric(
        "hunt_queue_oldest_seconds", "gauge", "seconds", "Age of the oldest waiting click.",
        lambda each: each.lanes.oldest(), rule="greatest",
    ),
    Metric(
        "hunt_batch_commit_seconds", "histogram", "seconds", "Duration of the commit of a batch.",
        lambda each: each.recorder.commit_seconds,
    ),
    Metric(
        "hunt_batch_rows", "histogram", "clicks", "Clicks in a batch.",
        lambda each: each.recorder.batch_rows,
    ),
    Metric(
        "hunt_batch_latency_average_seconds", "gauge", "seconds",
        "Average duration of the commits of the last minute.",
        lambda each: each.recorder.window.average(), rule="mean",
    ),
    Metric(
        "hunt_batch_latency_max_seconds", "gauge", "seconds",
        "Longest duration of a commit of the last minute.",
        lambda each: each.recorder.window.maximum(), rule="greatest",
    ),
    Metric(
        "hunt_commit_failures", "counter", "batches",
        "Batches that the database did not commit, by kind of failure.",
        lambda each: each.guard.failures, ("kind",),
    ),
    Metric(
        "hunt_commit_retries", "counter", "batches", "Batches that were sent again.",
        lambda each: each.guard.retries,
    ),
    Metric(
        "hunt_unavailable_hunts", "gauge", "hunts",
        "Hunts that refuse clicks because the database fails for them alone.",
        lambda each: len(each.quarantine.hunts), rule="greatest",
    ),
    Metric(
        "hunt_breaker_state", "gauge", "processes", "Processes whose breaker is in this state.",
        lambda each: {state: float(state == each.breaker.state) for state in get_args(State)},
        ("state",),
    ),
    Metric(
        "hunt_breaker_transitions", "counter", "transitions",
        "Transitions of the breaker, by the state that began.",
        lambda each: each.recorder.transitions, ("state",),
    ),
    Metric(
        "hunt_limited", "counter", "requests", "Requests refused by a rate limit.",
        lambda each: each.recorder.rate_limited, ("limit", "by"),
    ),
    Metric(
        "hunt_subscribers", "gauge", "streams", "Open streams.",
        lambda each: each.hub.counts(), ("transport",),
    ),
    Metric(
        "hunt_slow_subscribers", "counter", "streams",
        "Streams closed because their client did not read.",
        lambda each: each.recorder.slow_subscribers,
    ),
    Metric(
        "hunt_delivery_seconds", "histogram", "seconds",
        "Time from a commit to the write of its event to a stream.",
        lambda each: each.recorder.delivery_seconds,
    ),
    Metric(
        "hunt_bus_lag_seconds", "gauge", "seconds", "Age of the newest notice at its arrival.",
        lambda each: each.recorder.newest_bus_lag, rule="greatest",
    ),
    Metric(
        "hunt_tail_reads", "counter", "reads", "Ranges of a log that were read from the table.",
        lambda each: each.tail.reads,
    ),
    Metric(
        "hunt_tail_silence_seconds", "gauge", "seconds",
        "Time since the database last returned the end of all logs.",
        lambda each: each.tail.silence(), rule="greatest",
    ),
    Metric(
        "hunt_pool_connections", "gauge", "connections", "Connections to the database, by state.",
        lambda each: each.pool(), ("state",),
    ),
    Metric(
        "hunt_connections", "gauge", "connections", "Open connections of clients.",
        _connections(lambda each: each.count),
    ),
    Metric(
        "hunt_connections_evicted", "counter", "connections",
        "Idle connections that were closed to accept new ones.",
        _connections(lambda each: each.evicted),
    ),
    Metric(
        "hunt_connections_refused", "counter", "connections",
        "Connections beyond a concurrency limit.",
        _connections(lambda each: each.refused), ("limit",),
    ),
    Metric(
        "hunt_event_loop_utilization_ratio", "gauge", "0 to 1",
        "Share of the last 10 s in which the event loop worked.",
        lambda each: each.meter.utilization(), rule="mean",
    ),
    Metric(
        "hunt_event_loop_idle_ratio", "gauge", "0 to 1",
        "Share of the last 10 s in which the event loop waited for I/O.",
        lambda each: each.meter.idle(), rule="mean",
    ),
    Metric(
        "hunt_tasks", "gauge", "tasks", "Trio tasks.",
        lambda _: trio.lowlevel.current_statistics().tasks_living,
    ),
    Metric(
        "hunt_faults", "counter", "faults", "Faults that the process handled.",
        lambda each: each.faults.by_label(), ("where", "kind"),
    ),
    Metric(
        "hunt_log_lines_lost", "counter", "lines",
        "Log lines that were dropped because they could not be written.",
        lambda _: lines_lost(),
    ),
    Metric(
        "hunt_build_info", "gauge", "1", "The release of hunt, as a label.",
        lambda each: {each.version: 1.0}, ("version",), rule="greatest",
    ),
)  # fmt: skip
