"""Confidence intervals of estimates, and quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

#: Standard deviations on each side of a 95 % confidence interval.
Z = 1.959964


class Interval(Struct, frozen=True):
    """An estimate with its 95 % confidence interval."""

    estimate: float
    low: float
    high: float


class Band(Struct, frozen=True):
    """Quantiles of the runs of a simulation."""

    p5: float
    p50: float
    p95: float


def wilson(hits: int, tries: int) -> Interval:
    """Return the Wilson score interval of a probability (E. B. Wilson, 1927).

    Args:
        hits: Number of successes, 0 to `tries`.
        tries: Number of trials, >= 1.
    """
    share, spread = hits / tries, Z * Z / tries
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / tries + spread / (4 * tries))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def mean(total: float, squares: float, number: int) -> Interval:
    """Return the interval of a mean.

    Args:
        total: Sum of the values.
        squares: Sum of their squares.
        number: Number of values, >= 1.
    """
    average = total / number
    variance = max(squares / number - average * average, 0.0)
    half = Z * math.sqrt(variance / number)
    return Interval(average, average - half, average + half)


def band(values: Sequence[float]) -> Band:
    """Return quantiles, interpolated between neighbours; at least one value."""
    ordered = sorted(values)

    def quantile(share: float) -> float:
        place = share * (len(ordered) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    return Band(quantile(0.05), quantile(0.5), quantile(0.95))
