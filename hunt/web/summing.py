"""The metrics of all processes of a server as one page: counters added, states compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

from hunt.web.siblings import get

#: Of these, by the end of their names, the greatest or the mean of all processes
#: counts; everything else is added.
_GREATEST = ("_max_seconds", "_oldest_seconds", "_lag_seconds", "_state", "_info", "_created")
_MEAN = ("_ratio", "_average_seconds")
_GREATEST_NAMES = {"process_start_time_seconds", "process_max_fds"}


async def total(own: bytes, siblings: Sequence[Path]) -> bytes:
    """Return the metrics of this process and of its siblings, as text format 0.0.4.

    Args:
        own: This process' metrics.
        siblings: The sockets of the others.
    """
    pages = [own, *await get(siblings, "/metrics?process=own")]
    return own if len(pages) == 1 else merged(pages)


def merged(pages: Sequence[bytes]) -> bytes:
    """Return pages of metrics as one."""
    registry = CollectorRegistry()
    registry.register(_Merged([page.decode() for page in pages]))
    return generate_latest(registry)


class _Merged(Collector):
    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages

    def describe(self) -> list[Metric]:
        return []  # so that registering it collects nothing

    def collect(self) -> list[Metric]:
        families: dict[str, Metric] = {}
        values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], list[float]]] = {}
        for page in self._pages:
            for family in text_string_to_metric_families(page):
                families.setdefault(family.name, family)
                samples = values.setdefault(family.name, {})
                for sample in family.samples:
                    key = sample.name, tuple(sorted(sample.labels.items()))
                    samples.setdefault(key, []).append(sample.value)
        for name, family in families.items():
            family.samples = []
            for (full_name, labels), found in values[name].items():
                family.add_sample(full_name, dict(labels), _one(full_name, found))
        return list(families.values())


def _one(name: str, values: Sequence[float]) -> float:
    if name in _GREATEST_NAMES or name.endswith(_GREATEST):
        return max(values)
    if name.endswith(_MEAN):
        return sum(values) / len(values)
    return sum(values)
