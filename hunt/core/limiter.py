"""How often a key may do something."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from hunt.errors import TooFast


class Limiter:
    """The generic cell rate algorithm (ITU-T I.371), one number a key.

    A key that has not been seen for as long as it takes to refill costs nothing:
    it is as good as new, and forgotten.  At `capacity` keys one that came long ago
    is forgotten early, so memory is bounded, and a flood of new keys can only ever
    make the limiter kinder.

    Args:
        clock: Monotonic time, in seconds.
        rate: Times a second, >= 0, that a key may pass; 0 means no limit.
        burst: Times, >= 1, that a rested key may pass at once.
        capacity: Keys, >= 1, that are remembered.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        rate: float,
        burst: int,
        capacity: int = 100_000,
    ) -> None:
        self._clock = clock
        self._interval = 1 / rate if rate > 0 else 0.0
        self._tolerance = self._interval * (burst - 1)
        self._capacity = capacity
        self._due: OrderedDict[str, float] = OrderedDict()  # key -> its bucket is full again

    def __len__(self) -> int:
        return len(self._due)

    def check(self, key: str) -> None:
        """Count one more of `key`.

        Raises:
            TooFast: Too many; this one is not counted.
        """
        if not self._interval:
            return
        now = self._clock()
        known = self._due.get(key)
        if known is None:
            self._due[key] = now + self._interval
            self._forget(now)
            return
        due = known if known > now else now  # ruff: ignore[if-expr-min-max] - a third of the time
        wait = due - now - self._tolerance
        if wait > 1e-9:  # less is the rounding of floats, not a hurry
            raise TooFast(retry_after=wait)
        self._due[key] = due + self._interval

    def _forget(self, now: float) -> None:
        # Two looks for each new key find what rested faster than keys can come.
        for _ in range(2):
            key, due = next(iter(self._due.items()))
            if due <= now or len(self._due) > self._capacity:
                del self._due[key]
                if not self._due:
                    return
            else:
                self._due.move_to_end(key)
