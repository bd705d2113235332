"""A rate limiter for repeated log events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Run:
    """Events of one kind, each within `quiet` seconds of the one before."""

    due: float  # time from which the next event is logged in any case
    pause: float  # seconds from the next such line to the one after it
    left: int  # lines of the burst that are left
    last: float  # time of the last event
    details: set[str] = field(default_factory=set)  # details of the lines of the burst
    suppressed: int = 0  # events since the last line


class LogLimiter:
    """Limits log events of each kind, and counts the events that it suppresses.

    A run is a series of events of one kind.  Up to `burst` different events at its beginning are
    logged.  After that one is logged after `interval`, and further ones after pauses that double
    up to `longest`, each with the number of suppressed events.  A fault that lasts for hours
    therefore does not fill the log.  A run ends after `quiet` without an event.

    Args:
        clock: Monotonic time, in seconds.
        burst: Number of different lines, >= 1, that a run may log at once.
        interval: Seconds, > 0, from the first line of a run to the first one after the burst.
        longest: Largest pause between two lines of a run, in seconds, >= interval.
        quiet: Seconds, > 0, without an event after which a run is over.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        burst: int = 3,
        interval: float = 10.0,
        longest: float = 300.0,
        quiet: float = 30.0,
    ) -> None:
        self._clock = clock
        self._burst = burst
        self._interval = interval
        self._longest = longest
        self._quiet = quiet
        self._runs: dict[str, _Run] = {}

    def admit(self, kind: str, detail: str | None = None) -> int | None:
        """Return the number of events suppressed since the last line; None to suppress this one.

        Args:
            kind: Kind of the event, from a closed set: each kind uses memory.
            detail: Text of the line.  An event with the text of a line of the burst is
                suppressed; None: the event never counts as a repeat.
        """
        now = self._clock()
        run = self._runs.get(kind)
        if run is None or self._is_over(run, now):
            suppressed = 0 if run is None else run.suppressed
            run = _Run(now, self._interval, self._burst, now, suppressed=suppressed)
            self._runs[kind] = run
        run.last = now
        if now >= run.due:
            run.due = now + run.pause
            run.pause = min(2 * run.pause, self._longest)
        elif run.left == 0 or detail in run.details:
            run.suppressed += 1
            return None
        run.left = max(run.left - 1, 0)
        if detail is not None and run.left:
            run.details.add(detail)
        suppressed, run.suppressed = run.suppressed, 0
        return suppressed

    def rest(self) -> dict[str, int]:
        """End the runs that are over; return the suppressed events of each kind among them."""
        now = self._clock()
        over = [kind for kind, run in self._runs.items() if self._is_over(run, now)]
        ended = {kind: self._runs.pop(kind).suppressed for kind in over}
        return {kind: suppressed for kind, suppressed in ended.items() if suppressed}

    def _is_over(self, run: _Run, now: float) -> bool:
        return now - run.last >= self._quiet
