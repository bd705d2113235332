"""The counters of one process, to which its services report events."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

from hunt.core.events import Outcome, Settlement
from hunt.errors import Refused
from hunt.metrics.counters import Histogram, LabelledCounter
from hunt.metrics.event_loop import Window

#: Bounds of histograms of durations, in seconds: from a fast commit to the deadline.
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

#: Bounds of the histogram of batch sizes, in clicks.
ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def outcome_label(outcome: Outcome) -> str:
    """Return ``won``, ``nothing``, ``duplicate``, or the label of the refusal."""
    if isinstance(outcome, Settlement):
        if outcome.duplicate:
            return "duplicate"
        return "nothing" if outcome.reward.prize is None else "won"
    return outcome.label


class Recorder:
    """Counts events of one process; `hunt.metrics.declarations` exposes the numbers.

    Args:
        clock: Monotonic time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.window = Window(clock)  #: durations of the commits of the last minute
        self.clicks = LabelledCounter()  #: by hunt and outcome
        self.points: Counter[str] = Counter()  #: points of new rewards, by hunt
        #: Answered requests, by route template and status; `AccessLog` counts them.
        self.requests: Counter[tuple[str, int]] = Counter()
        self.click_seconds = Histogram(SECONDS)
        self.commit_seconds = Histogram(SECONDS)
        self.batch_rows = Histogram(ROWS)
        self.delivery_seconds = Histogram(SECONDS)
        self.transitions: Counter[str] = Counter()  #: of the breaker, by the state that began
        self.rate_limited: Counter[tuple[str, str]] = Counter()  #: refusals, by limit and subject
        self.slow_subscribers = 0  #: streams closed because their client did not read
        self.newest_bus_lag = 0.0  #: seconds, of the latest notice
        self._longest_lag: float | None = None  # seconds, since the last `take_bus_lag`

    def refused(self, hunt: str, refusal: Refused, seconds: float) -> None:
        """Count a click that was refused before it reached a lane.

        Args:
            hunt: The id of an existing hunt, because it becomes the value of a label.
            refusal: The answer.
            seconds: The time from the click to its answer.
        """
        self.clicks.add(hunt, outcome_label(refusal))
        self.click_seconds.observe(seconds)

    def settled(self, hunt: str, outcomes: Iterable[Outcome], seconds: list[float]) -> None:
        """Count clicks that were in a lane.

        Args:
            hunt: The id of their hunt.
            outcomes: One for each click.
            seconds: The time from each click to its outcome; sorted by this call.
        """
        labels = list(map(outcome_label, outcomes))
        for label in set(labels):
            self.clicks.add(hunt, label, labels.count(label))
        self.click_seconds.observe_all(seconds)

    def committed(self, *, rows: int, seconds: float) -> None:
        """Count a batch: its clicks, and the duration of its commit in seconds."""
        self.batch_rows.observe(rows)
        self.commit_seconds.observe(seconds)
        self.window.add(seconds)

    def awarded(self, hunt: str, points: int) -> None:
        """Count the points of new rewards of a hunt."""
        self.points[hunt] += points

    def breaker_changed(self, state: str) -> None:
        """Count a transition of the breaker to `state`."""
        self.transitions[state] += 1

    def delivered(self, seconds: float) -> None:
        """Count an event that was written to a stream `seconds` after its commit."""
        self.delivery_seconds.observe(seconds)

    def cut_off(self) -> None:
        """Count a slow consumer: a stream that was closed because its client did not read."""
        self.slow_subscribers += 1

    def limited(self, limit: str, by: str) -> None:
        """Count a refusal by a rate limit.

        Args:
            limit: The name of the limit.
            by: ``player`` or ``address``.
        """
        self.rate_limited[limit, by] += 1

    def bus_lag(self, seconds: float) -> None:
        """Note the age of a notice at its arrival, in seconds."""
        self.newest_bus_lag = seconds
        self._longest_lag = max(seconds, self._longest_lag or 0.0)

    def take_bus_lag(self) -> float | None:
        """Return the longest lag since the last call, in seconds; None without a notice."""
        longest, self._longest_lag = self._longest_lag, None
        return longest
