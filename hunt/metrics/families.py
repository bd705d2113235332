"""Aggregates the metric families of several worker processes; no sum ever falls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

#: The name of a sample, and its labels, sorted by name.
Series = tuple[str, tuple[tuple[str, str], ...]]

#: How the values of one series of several workers become one value.
Rule = Literal["sum", "mean", "greatest", "least", "earliest"]

#: Kinds whose values only grow while a process lives.
CUMULATIVE = frozenset({"counter", "histogram"})


class Sample(Struct, frozen=True, array_like=True):
    """One value of one series."""

    name: str
    labels: tuple[tuple[str, str], ...]  #: sorted by name
    value: float


class Family(Struct, frozen=True, kw_only=True):
    """All series of one metric."""

    name: str
    kind: str  #: the Prometheus type: counter, gauge, histogram
    text: str  #: the help text
    rule: Rule  #: how the values of several workers become one
    samples: list[Sample]

    @property
    def lasting(self) -> bool:
        """Whether its values outlast the worker that reported them."""
        return self.kind in CUMULATIVE or self.rule == "earliest"


class Totals:
    """The families of a node: the sum of the reports of running and ended workers.

    The counters and histograms of an ended worker are kept as it last reported them; its
    gauges are dropped.  Only values that are kept here are exposed, so no counter falls
    when a worker ends.
    """

    def __init__(self) -> None:
        self._exposed: dict[Series, float] = {}
        self._ended: list[Family] = []
        self._lasting: dict[int, list[Family]] = {}
        self._states: dict[int, list[Family]] = {}

    def take(self, worker: int, families: Sequence[Family]) -> None:
        """Keep the report of a worker; a report without gauges keeps those of the last report.

        Args:
            worker: An id that is unique among the workers that have not ended.
            families: All lasting families, and either all others or none.
        """
        self._lasting[worker] = [each for each in families if each.lasting]
        if len(self._lasting[worker]) < len(families):
            self._states[worker] = [each for each in families if not each.lasting]

    def end(self, worker: int) -> None:
        """Drop the gauges of a worker that has ended, and keep its counters."""
        self._states.pop(worker, None)
        self._ended = fold([self._ended, self._lasting.pop(worker, [])])

    def total(self, fresh: Collection[int]) -> list[Family]:
        """Return the families of the node; gauges of the `fresh` workers only."""
        states = [self._states[worker] for worker in fresh if worker in self._states]
        families = fold([self._ended, *self._lasting.values(), *states])
        return [self._risen(each) if each.kind in CUMULATIVE else each for each in families]

    def summed(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the sum over all workers of a counter, by the values of its labels.

        Args:
            name: The name of the family; its labels are in the order of their names.
        """
        found: dict[tuple[str, ...], float] = {}
        for page in (self._ended, *self._lasting.values()):
            for family in page:
                if family.name == name:
                    for each in family.samples:
                        values = tuple(value for _, value in each.labels)
                        found[values] = found.get(values, 0.0) + each.value
        return found

    def _risen(self, family: Family) -> Family:
        """Return the family with each value raised to its last exposed one.

        Once a worker has ended, floats are added in another order, and the sum may differ in
        its last bit.  Prometheus would take a lower sum for a counter reset.
        """
        samples = []
        for each in family.samples:
            series = each.name, each.labels
            value = each.value
            if family.rule == "sum":
                value = self._exposed[series] = max(value, self._exposed.get(series, 0.0))
            samples.append(Sample(each.name, each.labels, value))
        return structs.replace(family, samples=samples)


def fold(pages: Iterable[Sequence[Family]]) -> list[Family]:
    """Return the families of several pages as one page."""
    found: dict[str, Family] = {}
    values: dict[str, dict[Series, list[float]]] = {}
    for page in pages:
        for family in page:
            found.setdefault(family.name, family)
            series = values.setdefault(family.name, {})
            for sample in family.samples:
                series.setdefault((sample.name, sample.labels), []).append(sample.value)
    return [_folded(family, values[name]) for name, family in found.items()]


def _folded(family: Family, series: Mapping[Series, Sequence[float]]) -> Family:
    samples = [
        Sample(name, labels, _one(family.rule, values)) for (name, labels), values in series.items()
    ]
    return structs.replace(family, samples=samples)


def _one(rule: Rule, values: Sequence[float]) -> float:
    match rule:
        case "sum":
            return sum(values)
        case "mean":
            return sum(values) / len(values)
        case "greatest":
            return max(values)
        case "least" | "earliest":
            return min(values)
