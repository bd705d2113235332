"""How often the same may be said: the first few times, then now and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hunt.core.limiter import Limiter
from hunt.errors import TooFast


class LogLimiter:
    """Bounds lines of a log by what they say, and counts those that it keeps back.

    A minute of the same thousand times a second is `burst` lines and one more each
    `interval`; none is lost without being counted.

    Args:
        clock: Monotonic time, in seconds.
        burst: Lines, >= 1, of one kind at once.
        interval: Seconds, > 0, between two lines after that.
    """

    def __init__(
        self, clock: Callable[[], float], *, burst: int = 3, interval: float = 10.0
    ) -> None:
        self._limiter = Limiter(clock, rate=1 / interval, burst=burst)
        self._kept: Counter[str] = Counter()

    def admit(self, kind: str) -> int | None:
        """Return how many of `kind` were kept back since the last; None: keep this one, too.

        Args:
            kind: One of a closed set, as it is remembered.
        """
        if not self._may(kind):
            self._kept[kind] += 1
            return None
        return self._kept.pop(kind, 0)

    def rest(self) -> dict[str, int]:
        """Return how many were kept back, of each kind of which a line may come now."""
        return {kind: self._kept.pop(kind) for kind in list(self._kept) if self._may(kind)}

    def _may(self, kind: str) -> bool:
        try:
            self._limiter.check(kind)
        except TooFast:
            return False
        return True
