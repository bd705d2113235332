"""Delays after which disconnected clients reconnect."""

from __future__ import annotations

import math
from collections.abc import Callable

#: Shortest and longest time until disconnected clients reconnect, in milliseconds.
RECONNECT_MS = (1000, 5000)


class Reconnect:
    """Chooses jittered delays, so that clients do not all reconnect at once.

    Args:
        jitter: Returns a number in [0, 1).
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter

    def ms(self, *, at_least: float = 0.0) -> int:
        """Return a delay in milliseconds.

        Args:
            at_least: Seconds, >= 0, before which a retry would fail again.
        """
        low, high = RECONNECT_MS
        return math.ceil(at_least * 1000) + low + int(self._jitter() * (high - low + 1))
