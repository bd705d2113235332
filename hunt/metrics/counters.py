"""Counters for the hot path: a list index and an addition each, read when somebody looks.

prometheus_client's own take a lock and a walk over the buckets for every value,
which at one value a click was a tenth of the server's time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from math import inf

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry


class Histogram(Collector):
    """Counts values by the bucket that they fall into; of one thread.

    Args:
        name: Of the metric.
        text: Its help.
        bounds: Upper bounds of the buckets, ascending; one without a bound follows.
        registry: Where it is shown.
    """

    def __init__(
        self, name: str, text: str, bounds: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name, self._text = name, text
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, value: float) -> None:
        """Count one value; a bucket's bound belongs to the bucket."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def observe_all(self, values: list[float]) -> None:
        """Count many values, which are sorted on the way: cheaper than one by one."""
        values.sort()
        counts, start = self._counts, 0
        for number, bound in enumerate(self._bounds):
            end = bisect_right(values, bound, start)
            counts[number] += end - start
            start = end
        counts[-1] += len(values) - start
        self._sum += sum(values)

    def counts(self) -> tuple[int, ...]:
        """Return how many values fell into each bucket so far."""
        return tuple(self._counts)

    def quantile(self, share: float, *, since: Sequence[int]) -> float | None:
        """Return what `share` of the values are at most; None where there are none.

        Within a bucket values count as spread evenly; past the last bound that bound
        is all that is known.

        Args:
            share: 0 to 1.
            since: What `counts` returned; only what came after it counts.
        """
        fresh = [now - before for now, before in zip(self._counts, since, strict=True)]
        left = share * sum(fresh)
        low = 0.0
        for bound, count in zip(self._bounds, fresh, strict=False):
            if count and left <= count:
                return low + (bound - low) * left / count
            left, low = left - count, bound
        return low if any(fresh) else None

    def collect(self) -> Iterable[Metric]:
        """See `prometheus_client.registry.Collector`."""
        total, buckets = 0, []
        for bound, count in zip((*self._bounds, inf), self._counts, strict=True):
            total += count
            buckets.append((str(float(bound)) if bound != inf else "+Inf", float(total)))
        yield HistogramMetricFamily(self._name, self._text, buckets=buckets, sum_value=self._sum)


class LabelledCounter(Collector):
    """Counts by two labels; of one thread.

    Args:
        name: Of the metric, without ``_total``.
        text: Its help.
        labels: The names of the labels.
        registry: Where it is shown.
    """

    def __init__(
        self, name: str, text: str, labels: tuple[str, str], registry: CollectorRegistry
    ) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._counts: Counter[tuple[str, str]] = Counter()
        self.totals: Counter[str] = Counter()  #: by the second label alone
        registry.register(self)

    def add(self, first: str, second: str, count: int = 1) -> None:
        """Count `count` more."""
        self._counts[first, second] += count
        self.totals[second] += count

    def collect(self) -> Iterable[Metric]:
        """See `prometheus_client.registry.Collector`."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family
