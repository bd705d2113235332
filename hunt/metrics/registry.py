"""Reads all declared metrics of one process, and those that prometheus_client adds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.core import Metric as PrometheusMetric
from prometheus_client.registry import CollectorRegistry

from hunt.metrics import exposition
from hunt.metrics.counters import Histogram
from hunt.metrics.declarations import METRICS, Metric, Present, Source, Sources
from hunt.metrics.families import CUMULATIVE, Family, Rule, Sample

#: Rules of the gauges that prometheus_client makes.  Open and allowed descriptors are
#: both added, so that their ratio is right; the start is that of the node.
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

    def families(self, *, gauges: bool) -> list[Family]:
        """Return the current values, for the sum over all workers.

        Args:
            gauges: Include gauges that do not outlast the process.
        """
        found = [_external(each) for each in self._process.collect()]
        wanted = [each for each in self._metrics if gauges or each.kind in CUMULATIVE]
        found += read(wanted, self._sources)
        return [each for each in found if gauges or each.lasting]

    def render(self) -> bytes:
        """Return the current values in Prometheus's text format 0.0.4."""
        return exposition.render(self.families(gauges=True))


def read(metrics: Iterable[Metric[Source]], source: Source) -> list[Family]:
    """Return the current values of metrics, without those that are not present."""
    values = ((metric, metric.read(source)) for metric in metrics)
    return [_family(metric, value) for metric, value in values if value is not None]


def _family(metric: Metric[Source], value: Present) -> Family:
    return Family(
        name=metric.name,
        kind=metric.kind,
        text=f"{metric.help} Unit: {metric.unit}.",
        rule=metric.rule,
        samples=list(_samples(metric, value)),
    )


def _samples(metric: Metric[Source], value: Present) -> Iterator[Sample]:
    if isinstance(value, Histogram):
        yield from _buckets(metric.name, value)
        return
    name = f"{metric.name}_total" if metric.kind == "counter" else metric.name
    if not isinstance(value, Mapping):
        yield Sample(name, (), float(value))
        return
    for labels, number in value.items():
        texts = (labels,) if isinstance(labels, str) else labels
        pairs = sorted(zip(metric.labels, texts, strict=True))
        yield Sample(name, tuple(pairs), float(number))


def _buckets(name: str, histogram: Histogram) -> Iterator[Sample]:
    count = 0
    for bound, count in histogram.cumulative():
        shown = "+Inf" if bound == inf else str(float(bound))
        yield Sample(f"{name}_bucket", (("le", shown),), float(count))
    yield Sample(f"{name}_count", (), float(count))
    yield Sample(f"{name}_sum", (), histogram.total)


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
