"""Counts and latencies of one run of clicks."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hunt.error_kinds import RETRYABLE
from hunt.errors import OutcomeUnknown
from hunt.plurals import plural


@dataclass(slots=True)
class Run:
    """Answers to the clicks of one run."""

    began: float = 0.0  #: start, by `time.perf_counter`
    seconds: float = 0.0  #: duration in which new clicks were sent
    latencies: array[float] = field(
        default_factory=lambda: array("d")
    )  #: seconds, of answers with status 200
    times: array[float] = field(
        default_factory=lambda: array("f")
    )  #: seconds from `began` to each of them
    statuses: Counter[int] = field(default_factory=Counter)
    sent: int = 0
    wrong: int = 0  #: answers with status 200 for another click, or that call it a duplicate
    broken: int = 0  #: clicks whose connection ended without an answer
    unsent: int = 0  #: clicks of an open loop that found no free connection

    @property
    def settled(self) -> int:
        """Number of clicks answered with 200."""
        return self.statuses[200]

    @property
    def refused(self) -> int:
        """Number of refused clicks; they are not in the log."""
        return sum(self.statuses[status] for status in RETRYABLE)

    @property
    def unknown(self) -> int:
        """Number of clicks with an unknown outcome."""
        return self.sent - sum(self.statuses.values()) + self.statuses[OutcomeUnknown.status]

    def throughput(self) -> float:
        """Return settled clicks a second while new ones were sent."""
        return sum(time <= self.seconds for time in self.times) / self.seconds

    def problems(self) -> list[str]:
        """Return the failed checks, each as a sentence."""
        found = []
        unanswered = self.sent - sum(self.statuses.values())
        if unanswered:
            broken = plural(self.broken, "connection")
            found.append(f"{plural(unanswered, 'click')} got no answer ({broken} broke)")
        if self.wrong:
            found.append(f"{plural(self.wrong, 'answer')} did not match the click")
        if self.unsent:
            found.append(
                f"{plural(self.unsent, 'click')} could not be sent: more connections are needed"
            )
        bad = {s: n for s, n in sorted(self.statuses.items()) if s != 200 and s not in RETRYABLE}
        found.extend(
            f"{plural(count, 'click was', 'clicks were')} answered with {status}"
            for status, count in bad.items()
        )
        return found


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile by the nearest-rank method; 0 if there are no values.

    Args:
        ordered: Values in ascending order.
        share: 0 to 1; 0.99 is the 99th percentile.
    """
    if not ordered:
        return 0.0
    # Without the rounding error of floats: 0.9 * 10 may be more than 9.
    rank = -int(-(share * len(ordered) - 1e-9) // 1)
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def latency_figures(latencies: Sequence[float], prefix: str = "") -> dict[str, float]:
    """Return the percentiles of latencies in milliseconds, by name."""
    ordered = sorted(latencies)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {f"{prefix}{n}_ms": percentile(ordered, share) * 1000 for n, share in shares.items()}
