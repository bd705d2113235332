"""What Prometheus reads off the services whenever it looks."""

from __future__ import annotations

from hunt.core.breaker import Breaker
from hunt.logs import lines_lost
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.registry import Metrics
from hunt.service.guard import Guard
from hunt.service.hub import Hub
from hunt.service.lanes import Lanes
from hunt.service.prober import BreakerProber
from hunt.service.quarantine import Quarantine
from hunt.service.tail import Tail

STATES = ("closed", "open", "half-open")


def watch(
    metrics: Metrics,
    *,
    breaker: Breaker,
    guard: Guard,
    hub: Hub,
    lanes: Lanes,
    meter: EventLoopMeter,
    quarantine: Quarantine,
    prober: BreakerProber,
    tail: Tail,
) -> None:
    """Show the services' numbers in `metrics`."""
    metrics.watch_counter(
        "hunt_log_lines_lost", "Lines that nothing read, or that did not fit.", lines_lost
    )
    metrics.watch("hunt_queue_clicks", "Clicks that wait for a commit.", lanes.queued, rule="sum")
    metrics.watch(
        "hunt_queue_oldest_seconds", "Age of the oldest of them.", lanes.oldest, rule="greatest"
    )
    metrics.watch(
        "hunt_event_loop_utilization_ratio",
        "Share of the last seconds that the loop worked.",
        meter.utilization,
        rule="mean",
    )
    metrics.watch(
        "hunt_event_loop_idle_ratio",
        "Share of the last seconds that the loop waited.",
        meter.idle,
        rule="mean",
    )
    metrics.watch_labelled("hunt_subscribers", "Open streams.", "transport", hub.counts, rule="sum")
    metrics.watch_labelled(
        "hunt_breaker_state",
        "Processes whose breaker is in this state.",
        "state",
        lambda: {state: float(state == breaker.state) for state in STATES},
        rule="sum",
    )
    metrics.watch_counters(
        "hunt_commit_failures",
        "Batches that the store did not take.",
        "kind",
        lambda: guard.failures,
    )
    metrics.watch(
        "hunt_unavailable_hunts",
        "Hunts that refuse clicks because the database fails for them alone.",
        lambda: len(quarantine.hunts),
        rule="greatest",
    )
    metrics.watch_counter(
        "hunt_commit_retries", "Batches that were sent again.", lambda: guard.retries
    )
    metrics.watch_counter(
        "hunt_tail_reads", "Ranges of a log that were read from the table.", lambda: tail.reads
    )
    metrics.watch(
        "hunt_tail_silence_seconds",
        "Time since the database last said how long the logs are.",
        tail.silence,
        rule="greatest",
    )
    metrics.faults.watch("probe", prober.faults)
    metrics.faults.watch("tail", tail.faults)
