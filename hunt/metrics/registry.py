"""A reader of all declared metrics of one process, and of those that prometheus_client adds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.core import Metric as PrometheusMetric
from prometheus_client.registry import CollectorRegistry

from hunt.metrics import exposition
from hunt.metrics.declarations import METRICS
from hunt.metrics.families import CUMULATIVE, Family, Rule, Sample
from hunt.metrics.metric import Metric, read
from hunt.metrics.sources import Sources

#: Rules of the gauges that prometheus_client makes.  Open and allowed descriptors are both
#: summed, so that their ratio is right.  The earliest start is that of the node.
PROCESS_RULES: Mapping[str, Rule] = {
    "process_virtual_memory_bytes": "sum",
    "process_resident_memory_bytes": "sum",
    "process_open_fds": "sum",
    "process_max_fds": "sum",
    "process_start_time_seconds": "earliest",
    "python_info": "greatest",
}


class Registry:
    """The metrics of one process.

    Args:
        sources: The objects that the declarations read.
        metrics: The declarations.
    """

    def __init__(self, sources: Sources, metrics: Sequence[Metric[Sources]] = METRICS) -> None:
        self._sources = sources
        self._metrics = metrics
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)
        present = [_external(each) for each in self._process.collect()]
        self._constant = [each for each in present if each.lasting and each.kind not in CUMULATIVE]

    def families(self, *, gauges: bool) -> list[Family]:
        """Return the current values, for the sum over all workers.

        Args:
            gauges: Include gauges that do not outlast the process.
        """
        if gauges:
            found = [_external(each) for each in self._process.collect()]
        else:  # without `ProcessCollector`, which lists all open descriptors for a gauge
            found = [*self._constant, _cpu()]
        wanted = [each for each in self._metrics if gauges or each.kind in CUMULATIVE]
        found += read(wanted, self._sources)
        return [each for each in found if gauges or each.lasting]

    def render(self) -> bytes:
        """Return the current values in Prometheus's text format 0.0.4."""
        return exposition.render(self.families(gauges=True))


def _cpu() -> Family:
    """Return the CPU time of this process, as `ProcessCollector` does."""
    times = os.times()
    text = "Total user and system CPU time spent in seconds."
    return _external(CounterMetricFamily("process_cpu_seconds", text, times.user + times.system))


def _external(metric: PrometheusMetric) -> Family:
    samples = [
        Sample(each.name, tuple(sorted(each.labels.items())), float(each.value))
        for each in metric.samples
    ]
    return Family(
        name=metric.name,
        kind=metric.type,
        text=metric.documentation,
        rule="sum" if metric.type in CUMULATIVE else PROCESS_RULES[metric.name],
        samples=samples,
    )
