"""How often a key may do something."""

from __future__ import annotations

from collections.abc import Callable

from hunt.errors import TooFast


class Limiter:
    """The generic cell rate algorithm (ITU-T I.371), one number a key.

    A key that has not been seen for as long as it takes to refill is as good as new,
    and `rotate` forgets it.  Keys live in two generations; `rotate` drops the older one, and
    makes the younger one the older.  At `capacity` keys the older one is dropped early, so
    memory is bounded, and a flood of new keys can only ever make the limiter kinder.

    Args:
        clock: Monotonic time, in seconds.
        rate: Times a second, >= 0, that a key may pass; 0 means no limit.
        burst: Times, >= 1, that a rested key may pass at once.
        capacity: Keys, >= 2, that are remembered.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        rate: float,
        burst: int,
        capacity: int = 32_768,
    ) -> None:
        self._clock = clock
        self._interval = 1 / rate if rate > 0 else 0.0
        self._tolerance = self._interval * (burst - 1)
        self._rest = self._interval * burst  # seconds after which each key is as good as new
        self._half = capacity // 2
        self._young: dict[str, float] = {}  # key -> its bucket is full again
        self._old: dict[str, float] = {}
        self._turned = clock()

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def __contains__(self, key: str) -> bool:
        return key in self._young or key in self._old

    def check(self, key: str) -> None:
        """Count one more of `key`.

        Raises:
            TooFast: Too many; this one is not counted.
        """
        if not self._interval:
            return
        now = self._clock()
        known = self._young.get(key)
        if known is None:
            known = self._old.get(key, now)
            if len(self._young) >= self._half:
                self._drop(now)
        due = known if known > now else now  # ruff: ignore[if-expr-min-max] - a third of the time
        wait = due - now - self._tolerance
        if wait > 1e-9:  # less is the rounding of floats, not a hurry
            raise TooFast(retry_after=wait)
        self._young[key] = due + self._interval

    def rotate(self) -> None:
        """Forget keys that are as good as new; to be called now and then."""
        now = self._clock()
        if now - self._turned >= self._rest:
            self._drop(now)

    def _drop(self, now: float) -> None:
        self._old, self._young, self._turned = self._young, {}, now
