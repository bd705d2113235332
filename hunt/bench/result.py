"""What one load has shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from hunt.bench.run import Run


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one load; None is what could not be seen."""

    figures: dict[str, float | None]
    statuses: dict[int, int]
    problems: list[str]  #: checks that failed, each in a sentence
    run: Run = field(repr=False)
