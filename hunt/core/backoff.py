"""Exponential backoff with a cap and full jitter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Pauses between attempts ("full jitter", M. Brooker, AWS Architecture Blog, 2015)."""

    base: float  #: seconds, > 0: the longest first pause
    cap: float  #: seconds, >= base: the longest pause of all
    jitter: Callable[[], float]  #: uniform in [0, 1)
    _attempts: int = field(default=0, init=False)

    def next(self) -> float:
        """Return the next pause in seconds: uniform from 0 to a bound that doubles up to `cap`."""
        bound = min(self.base * 2.0**self._attempts, self.cap)
        self._attempts = min(self._attempts + 1, 60)  # 2.0**60 is past any cap
        return bound * self.jitter()

    def reset(self) -> None:
        """Start again from `base`, after a successful attempt."""
        self._attempts = 0
