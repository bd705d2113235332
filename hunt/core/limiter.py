"""A rate limiter with one counter for each key."""

from __future__ import annotations

from collections.abc import Callable

from hunt.errors import TooFast


class Limiter:
    """A rate limiter by the generic cell rate algorithm (ITU-T I.371), one number for each key.

    A key whose bucket has had time to refill behaves like a new key, and `rotate` evicts it.
    Keys live in two generations.  `rotate` drops the older generation, and the younger one
    takes its place.  At `capacity` keys the older one is dropped early.  Memory is therefore
    bounded, and a flood of new keys can only make the limiter more permissive.

    Args:
        clock: Monotonic time, in seconds.
        rate: Events a second, >= 0, that a key may cause; 0: no limit.
        burst: Events, >= 1, that a key with a full bucket may cause at once.
        capacity: Keys, >= 2, that are counted at the same time.
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
        self._rest = self._interval * burst  # seconds until any bucket is full again
        self._half = capacity // 2
        self._young: dict[str, float] = {}  # key -> time at which its bucket is full again
        self._old: dict[str, float] = {}
        self._turned = clock()

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def __contains__(self, key: str) -> bool:
        return key in self._young or key in self._old

    def check(self, key: str) -> None:
        """Count one event of `key`.

        Raises:
            TooFast: The limit is exceeded; this event is not counted.
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
        if wait > 1e-9:  # less is a rounding error of floats
            raise TooFast(retry_after=wait)
        self._young[key] = due + self._interval

    def rotate(self) -> None:
        """Evict keys whose bucket is full again; call it periodically."""
        now = self._clock()
        if now - self._turned >= self._rest:
            self._drop(now)

    def _drop(self, now: float) -> None:
        self._old, self._young, self._turned = self._young, {}, now
