"""Measurements of one process: utilization of its event loop, durations of its batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import trio


class EventLoopMeter(trio.abc.Instrument):
    """Measures the share of time in which the event loop works and does not wait for I/O.

    The window slides over `slots` slots of a second; older time is forgotten.

    Args:
        clock: Real, monotonic time, in seconds; not Trio's, which tests can move.
        slots: Length of the window in seconds, >= 1.
    """

    def __init__(self, clock: Callable[[], float], *, slots: int = 10) -> None:
        self._clock = clock
        self._slots = deque[tuple[float, float]](maxlen=slots)  # (seconds, seconds of waiting)
        self._since = clock()
        self._idle = 0.0
        self._waits_since: float | None = None

    def before_io_wait(self, timeout: float) -> None:
        """See `trio.abc.Instrument`."""
        self._waits_since = self._clock()

    def after_io_wait(self, timeout: float) -> None:
        """See `trio.abc.Instrument`."""
        if self._waits_since is None:
            return
        now = self._clock()
        self._idle += now - self._waits_since
        self._waits_since = None
        if now - self._since >= 1:
            self._slots.append((now - self._since, self._idle))
            self._since, self._idle = now, 0.0

    def idle(self) -> float:
        """Return the share, 0 to 1, of the window in which the loop waited."""
        seconds = self._clock() - self._since + sum(slot[0] for slot in self._slots)
        waited = self._idle + sum(slot[1] for slot in self._slots)
        return min(waited / seconds, 1.0) if seconds > 0 else 1.0

    def utilization(self) -> float:
        """Return the share, 0 to 1, of the window in which the loop worked."""
        return 1.0 - self.idle()


class Window:
    """Average and maximum of the values of the last seconds.

    Values are summed up by the second, so the size does not depend on their number.

    Args:
        clock: Monotonic time, in seconds.
        seconds: Length of the window in seconds, >= 1.
    """

    def __init__(self, clock: Callable[[], float], *, seconds: int = 60) -> None:
        self._clock = clock
        self._seconds = seconds
        self._slots: deque[list[float]] = deque()  # [second, count, sum, maximum]

    def add(self, value: float) -> None:
        """Add a value."""
        second = float(int(self._clock()))
        if not self._slots or self._slots[-1][0] != second:
            self._slots.append([second, 0, 0.0, 0.0])
            self._forget()
        slot = self._slots[-1]
        slot[1] += 1
        slot[2] += value
        slot[3] = max(slot[3], value)

    def _forget(self) -> None:
        oldest = self._clock() - self._seconds
        while self._slots and self._slots[0][0] <= oldest:
            self._slots.popleft()

    def average(self) -> float:
        """Return the average; 0 without a value."""
        count = self.count()
        return sum(slot[2] for slot in self._slots) / count if count else 0.0

    def count(self) -> int:
        """Return the number of values."""
        self._forget()
        return int(sum(slot[1] for slot in self._slots))

    def maximum(self) -> float:
        """Return the maximum; 0 without a value."""
        self._forget()
        return max((slot[3] for slot in self._slots), default=0.0)
