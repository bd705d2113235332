"""Counters for the hot path: one list index and one addition each.

The counters of prometheus_client take a lock and walk over the buckets for each value.
With one value for each click this took a tenth of the server's time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Return a quantile of values that were counted by bucket; None if there are none.

    The values of a bucket are assumed to be spread evenly.  A quantile beyond the last bound
    is returned as that bound.

    Args:
        bounds: Upper bounds of the buckets, ascending; a bucket without a bound follows.
        counts: Number of values in each bucket.
        share: The quantile, 0 to 1.
    """
    left = share * sum(counts)
    low = 0.0
    for bound, count in zip(bounds, counts, strict=False):
        if count and left <= count:
            return low + (bound - low) * left / count
        left, low = left - count, bound
    return low if any(counts) else None


class Histogram:
    """Counts values by bucket; to be used by one thread.

    Args:
        bounds: Upper bounds of the buckets, ascending; a bucket without a bound follows.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0  #: the sum of all values

    def observe(self, value: float) -> None:
        """Count one value; a value equal to a bound belongs to that bucket."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def observe_all(self, values: list[float]) -> None:
        """Sort and count many values, which is cheaper than one by one."""
        values.sort()
        counts, start = self._counts, 0
        for number, bound in enumerate(self._bounds):
            end = bisect_right(values, bound, start)
            counts[number] += end - start
            start = end
        counts[-1] += len(values) - start
        self.total += sum(values)

    def counts(self) -> tuple[int, ...]:
        """Return the number of values in each bucket so far."""
        return tuple(self._counts)

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Yield each upper bound, and the number of values up to it."""
        count = 0
        for bound, each in zip((*self._bounds, inf), self._counts, strict=True):
            count += each
            yield bound, count

    def counts_since(self, since: Sequence[int]) -> tuple[int, ...]:
        """Return the number of values in each bucket since an earlier result of `counts`."""
        return tuple(now - before for now, before in zip(self._counts, since, strict=True))


class LabelledCounter:
    """Counts by two labels; to be used by one thread."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()  #: by both labels
        self.totals: Counter[str] = Counter()  #: by the second label alone

    def add(self, first: str, second: str, count: int = 1) -> None:
        """Add `count` to the counter of two label values."""
        self.counts[first, second] += count
        self.totals[second] += count
