"""Metric families in Prometheus' text format 0.0.4."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from hunt.metrics.families import Family


def render(families: Sequence[Family], **labels: str) -> bytes:
    """Return families as one page.

    Args:
        families: The content of the page, in order.
        labels: Labels that are added to each sample.
    """
    registry = CollectorRegistry()
    registry.register(_Page(families, labels))
    return generate_latest(registry)


def labelled(families: Sequence[Family], process: int) -> bytes:
    """Return the page of one of several processes that have no supervisor process.

    The processes share a port, so each scrape may reach another one.  Without the label
    ``process``, Prometheus would take a smaller counter of another process for a reset.
    """
    return render(families, process=str(process))


def one_of_many() -> bool:
    """Return whether Hypercorn's command started this process, perhaps with others."""
    return multiprocessing.parent_process() is not None


class _Page(Collector):
    def __init__(self, families: Sequence[Family], labels: dict[str, str]) -> None:
        self._families, self._labels = families, labels

    def describe(self) -> list[Metric]:
        return []  # so that registering it collects nothing

    def collect(self) -> Iterable[Metric]:
        for family in self._families:
            metric = Metric(family.name, family.text, family.kind)
            for sample in family.samples:
                metric.add_sample(sample.name, self._labels | dict(sample.labels), sample.value)
            yield metric
