"""The declaration of a metric, and its current values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Generic, Literal, TypeVar

from hunt.metrics.counters import Histogram
from hunt.metrics.families import Family, Rule, Sample

#: A number, a number for each value of the label or of both labels, or a histogram.
Present = float | Mapping[str, float] | Mapping[tuple[str, str], float] | Histogram

#: None: this process has no such metric.
Value = Present | None

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class Metric(Generic[Source]):
    """The declaration of one metric."""

    name: str  #: as exposed; that of a counter without ``_total``
    kind: Literal["counter", "gauge", "histogram"]
    unit: str  #: of its values
    help: str  #: one sentence; with the unit, the ``HELP`` line of the exposition
    read: Callable[[Source], Value]  #: called at each scrape
    labels: tuple[str, ...] = ()  #: names of the labels
    rule: Rule = "sum"  #: how the values of a node's workers become one


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
