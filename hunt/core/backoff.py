"""How long to wait before trying again: capped, growing, and fully jittered."""

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
        """Return the next pause: uniform between 0 and the bound, which doubles up to `cap`."""
        bound = min(self.base * 2.0**self._attempts, self.cap)
        self._attempts = min(self._attempts + 1, 60)  # 2.0**60 is past any cap
        return bound * self.jitter()

    def reset(self) -> None:
        """Begin again with `base`, after an attempt that went well."""
        self._attempts = 0
