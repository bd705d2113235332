"""What was seen while clicks were sent."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Nothing was recorded, and the server said so: no fault of it under load.
REFUSED = frozenset({429, 503})

#: The click may be recorded or not.
UNKNOWN = 504


@dataclass(slots=True)
class Run:
    """Answers to clicks, from `began` on."""

    began: float = 0.0  #: by `time.perf_counter`
    seconds: float = 0.0  #: in which new clicks were sent
    latencies: array[float] = field(default_factory=lambda: array("d"))  #: seconds, of the 200s
    times: array[float] = field(default_factory=lambda: array("f"))  #: of these, since `began`
    statuses: Counter[int] = field(default_factory=Counter)
    sent: int = 0
    wrong: int = 0  #: answers of 200 that were not to the click, or called it a duplicate
    broken: int = 0  #: clicks whose connection ended without an answer
    unsent: int = 0  #: clicks of an open loop for which no connection came free

    @property
    def settled(self) -> int:
        """Clicks answered with 200."""
        return self.statuses[200]

    @property
    def refused(self) -> int:
        """Clicks that were refused, and are not in the log."""
        return sum(self.statuses[status] for status in REFUSED)

    @property
    def unknown(self) -> int:
        """Clicks that may be in the log or not."""
        return self.sent - sum(self.statuses.values()) + self.statuses[UNKNOWN]

    def throughput(self) -> float:
        """Return the settled clicks a second, while new ones were sent."""
        return sum(time <= self.seconds for time in self.times) / self.seconds

    def problems(self) -> list[str]:
        """Return what should not have happened, each in a sentence."""
        found = []
        unanswered = self.sent - sum(self.statuses.values())
        if unanswered:
            found.append(f"{unanswered} clicks got no answer ({self.broken} connections broke)")
        if self.wrong:
            found.append(f"{self.wrong} answers were not to the click that was sent")
        if self.unsent:
            found.append(f"{self.unsent} clicks could not be sent: more connections are needed")
        bad = {s: n for s, n in sorted(self.statuses.items()) if s != 200 and s not in REFUSED}
        found.extend(f"{count} clicks were answered with {status}" for status, count in bad.items())
        return found


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all, 0 to 1, do not exceed; 0 of none.

    Args:
        ordered: Ascending.
        share: 0.99 is the 99th percentile.
    """
    if not ordered:
        return 0.0
    # A tiny less, as 0.9 * 10 is 9 in arithmetic but need not be in floats.
    rank = -int(-(share * len(ordered) - 1e-9) // 1)
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def latency_figures(latencies: Sequence[float], prefix: str = "") -> dict[str, float]:
    """Return the percentiles in milliseconds, by name."""
    ordered = sorted(latencies)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {f"{prefix}{n}_ms": percentile(ordered, share) * 1000 for n, share in shares.items()}
