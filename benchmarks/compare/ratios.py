"""Medians over rounds, and how many times the reference's figure another one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

Figures = Mapping[str, float | None]


def medians(rounds: Sequence[Figures]) -> dict[str, float | None]:
    """Return each figure's median over the rounds that know it."""
    found: dict[str, float | None] = {}
    for name in {name: None for figures in rounds for name in figures}:
        values = [value for each in rounds if (value := each.get(name)) is not None]
        found[name] = median(values) if values else None
    return found


def ratio(value: float | None, reference: float | None) -> float | None:
    """Return how many times `reference` it is; None where one is not known, or nothing."""
    if value is None or not reference:
        return None
    return value / reference
