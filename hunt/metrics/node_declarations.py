"""Every metric that only the supervisor process knows: one declaration each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hunt.metrics.metric import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounts:
    """Numbers of the worker processes of a node."""

    workers: Mapping[str, float]  #: now, by whether they are able to take clicks
    ends: Mapping[str, float]  #: since the start, by how a worker ended
    restarts: Mapping[str, float]  #: since the start, by the reason


#: In the order of the exposition.
NODE_METRICS: tuple[Metric[NodeCounts], ...] = (
    Metric(
        "hunt_workers", "gauge", "processes",
        "Worker processes, by whether they can take clicks now: able or unable.",
        lambda each: each.workers, ("state",),
    ),
    Metric(
        "hunt_worker_ends", "counter", "processes",
        "Worker processes that ended, by how: drained or failed.",
        lambda each: each.ends, ("how",),
    ),
    Metric(
        "hunt_worker_restarts", "counter", "processes",
        "Worker processes started in place of another one, by reason: crash, hang, or reload"
        " (SIGHUP).",
        lambda each: each.restarts, ("reason",),
    ),
)  # fmt: skip
