"""Bodies of clicks: a new UUID, and one of many prepared positions."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from itertools import cycle

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


def positions(width: float, height: float) -> Iterator[bytes]:
    """Return an endless iterator of body ends, after the id; all have the same length."""
    digits = len(f"{max(width, height):.3f}")
    return cycle(
        [
            f'","x":{random.uniform(0, width):{digits}.3f},'
            f'"y":{random.uniform(0, height):{digits}.3f}}}'.encode()
            for _ in range(_PLACES)
        ]
    )


def body_length(width: float, height: float) -> int:
    """Return the length in bytes of each body for a map of this size."""
    return len(OPENING) + 36 + len(next(positions(width, height)))
