"""Counts of faults that a process handled, by where and kind."""

from __future__ import annotations

from collections.abc import Mapping


class Faults:
    """The fault counters of all services; each service keeps its own numbers.

    The kinds of a counter are a closed set, and start with 0: Prometheus computes no rate for
    a series that appears with its first event.
    """

    def __init__(self) -> None:
        self._counters: list[tuple[str, Mapping[str, int]]] = []

    def add(self, where: str, counter: Mapping[str, int]) -> None:
        """Expose a counter.

        Args:
            where: The value of the label ``where``; several counters may share it.
            counter: Kind -> faults so far.
        """
        self._counters.append((where, counter))

    def by_label(self) -> dict[tuple[str, str], int]:
        """Return the faults so far, by where and kind."""
        return {
            (where, kind): count
            for where, counter in self._counters
            for kind, count in counter.items()
        }
