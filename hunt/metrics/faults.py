"""What went wrong and was dealt with, so that an operator sees which fault it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class Faults(Collector):
    """Counts by where and what kind; whoever counts keeps the numbers."""

    def __init__(self) -> None:
        self._places: dict[str, Mapping[str, int]] = {}

    def watch(self, where: str, counts: Mapping[str, int]) -> None:
        """Show what is counted in `counts`, by kind, whenever somebody looks.

        Kinds are a closed set, and are there from the start with 0: a counter that
        appears with its first event has no rate.
        """
        self._places[where] = counts

    def collect(self) -> Iterable[Metric]:
        """See `prometheus_client.registry.Collector`."""
        family = CounterMetricFamily(
            "hunt_faults", "What went wrong and was dealt with.", labels=["where", "kind"]
        )
        for where, counts in self._places.items():
            for kind, count in counts.items():
                family.add_metric([where, kind], count)
        yield family
