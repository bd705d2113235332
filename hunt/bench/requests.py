"""Clicks as bytes: each with a fresh random UUID, and a place of many prepared ones."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import cycle

_BULK = 512  # UUIDs of one call of urandom
_PLACES = 1021  # a prime, so that players and places do not go in step

#: What goes before the id in a body.
OPENING = b'{"id":"'


def uuids() -> Iterator[bytes]:
    """Return fresh UUIDs of version 4 in their canonical form, without end."""
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


def places(width: float, height: float) -> Iterator[bytes]:
    """Return what follows the id in a body, all of one length, without end."""
    digits = len(f"{max(width, height):.3f}")
    return cycle(
        [
            f'","x":{random.uniform(0, width):{digits}.3f},'
            f'"y":{random.uniform(0, height):{digits}.3f}}}'.encode()
            for _ in range(_PLACES)
        ]
    )


def body_length(width: float, height: float) -> int:
    """Return the bytes of each body on such a map."""
    return len(OPENING) + 36 + len(next(places(width, height)))
