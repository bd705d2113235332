"""Medians over rounds, and ratios to the figures of the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

Figures = Mapping[str, float | None]


def medians(rounds: Sequence[Figures]) -> dict[str, float | None]:
    """Return the median of each figure over the rounds that have it."""
    found: dict[str, float | None] = {}
    for name in {name: None for figures in rounds for name in figures}:
        values = [value for each in rounds if (value := each.get(name)) is not None]
        found[name] = median(values) if values else None
    return found


def ratio(value: float | None, reference: float | None) -> float | None:
    """Return the ratio to `reference`; None if either figure is unknown or 0."""
    if value is None or not reference:
        return None
    return value / reference
