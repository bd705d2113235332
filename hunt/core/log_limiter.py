"""A rate limiter for repeated log events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hunt.core.limiter import Limiter
from hunt.errors import TooFast


class LogLimiter:
    """Limits log events of each kind, and counts the events that it suppresses.

    An event that occurs a thousand times a second gives `burst` lines, then one line each
    `interval` with the number of suppressed events.

    Args:
        clock: Monotonic time, in seconds.
        burst: Lines, >= 1, of one kind that may come at once.
        interval: Seconds, > 0, between two lines of a kind after that.
    """

    def __init__(
        self, clock: Callable[[], float], *, burst: int = 3, interval: float = 10.0
    ) -> None:
        self._limiter = Limiter(clock, rate=1 / interval, burst=burst)
        self._kept: Counter[str] = Counter()

    def admit(self, kind: str) -> int | None:
        """Return the suppressed events since the last line; None if this one is suppressed, too.

        Args:
            kind: Kind of the event, from a closed set: each kind uses memory.
        """
        if not self._may(kind):
            self._kept[kind] += 1
            return None
        return self._kept.pop(kind, 0)

    def rest(self) -> dict[str, int]:
        """Return the suppressed events of each kind that may have a line now, and reset them."""
        return {kind: self._kept.pop(kind) for kind in list(self._kept) if self._may(kind)}

    def _may(self, kind: str) -> bool:
        try:
            self._limiter.check(kind)
        except TooFast:
            return False
        return True
