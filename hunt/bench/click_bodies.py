"""Bodies of clicks: a new UUID, and one of many prepared positions."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from itertools import cycle

from msgspec import Struct

from hunt.core.maps import Map

_BULK = 512  # UUIDs of one call of urandom
_PLACES = 1021  # a prime, so that players do not repeat their positions

#: Start of a body, before the id.
OPENING = b'{"id":"'


def timed_uuids() -> Iterator[bytes]:
    """Yield new UUIDs of version 7 in canonical form, like `hunt.core.ids`."""
    while True:
        digits = os.urandom(9 * _BULK).hex().encode()
        for at in range(0, len(digits), 18):
            now = b"%012x" % (time.time_ns() // 1_000_000)
            yield b"%b-%b-7%b-a%b-%b" % (
                now[:8],
                now[8:],
                digits[at : at + 3],
                digits[at + 3 : at + 6],
                digits[at + 6 : at + 18],
            )


def random_uuids() -> Iterator[bytes]:
    """Yield new UUIDs of version 4 in canonical form."""
    while True:
        digits = os.urandom(16 * _BULK).hex().encode()
        for at in range(0, len(digits), 32):
            yield b"%b-%b-4%b-a%b-%b" % (
                digits[at : at + 8],
                digits[at + 8 : at + 12],
                digits[at + 13 : at + 16],
                digits[at + 17 : at + 20],
                digits[at + 20 : at + 32],
            )


class Ground(Struct, frozen=True):
    """Positions of clicks."""

    map: Map
    accuracy: float | None = None  #: of each click; None: not reported

    def positions(self) -> Iterator[bytes]:
        """Return an endless iterator of body ends, after the id; all have the same length."""
        return cycle([self._end(*self._inside()) for _ in range(_PLACES)])

    def body_length(self) -> int:
        """Return the length in bytes of each body."""
        return len(OPENING) + 36 + len(next(self.positions()))

    @property
    def _decimals(self) -> int:
        return 6 if self.map.is_degrees else 3

    def _inside(self) -> tuple[float, float]:
        """Return a position that is on the map after rounding, too."""
        while True:
            x, y = self.map.at(random.random(), random.random())
            rounded = round(x, self._decimals), round(y, self._decimals)
            if self.map.contains(*rounded):
                return rounded

    def _end(self, x: float, y: float) -> bytes:
        on, decimals = self.map, self._decimals
        edges = (on.west, on.south, on.east, on.north)
        width = max(len(f"{edge:.{decimals}f}") for edge in edges)
        accuracy = "" if self.accuracy is None else f',"accuracy":{self.accuracy!r}'
        return f'","x":{x:{width}.{decimals}f},"y":{y:{width}.{decimals}f}{accuracy}}}'.encode()
