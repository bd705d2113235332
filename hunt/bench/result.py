"""The result of one load."""

from __future__ import annotations

from dataclasses import dataclass, field

from hunt.bench.run import Run


@dataclass(frozen=True, slots=True)
class Result:
    """Figures and failed checks of one load; a figure of None was not measurable."""

    figures: dict[str, float | None]
    statuses: dict[int, int]
    problems: list[str]  #: failed checks, each as a sentence
    run: Run = field(repr=False)
