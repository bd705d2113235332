"""PNG images of values, for pages that must not load a file."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from itertools import starmap

#: Colours from the lowest value to the highest: each is lighter than the one before.
RAMP = (
    (15, 22, 51),
    (36, 58, 115),
    (43, 111, 147),
    (63, 165, 138),
    (168, 214, 107),
    (251, 229, 92),
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def colour(share: float) -> tuple[int, int, int]:
    """Return the colour of a value, 0 to 1, interpolated between those of `RAMP`."""
    place = min(max(share, 0.0), 1.0) * (len(RAMP) - 1)
    below = min(int(place), len(RAMP) - 2)
    part = place - below
    red, green, blue = (
        round(low + (high - low) * part)
        for low, high in zip(RAMP[below], RAMP[below + 1], strict=True)
    )
    return red, green, blue


def data_url(shares: Sequence[float], columns: int) -> str:
    """Return an image of values, 0 to 1, as a ``data:`` address.

    Args:
        shares: Values row by row, from the top.
        columns: Values in a row; divides their number.
    """
    rows = len(shares) // columns
    palette = b"".join(bytes(colour(index / 255)) for index in range(256))
    indexes = bytes(round(min(max(share, 0.0), 1.0) * 255) for share in shares)
    lines = b"".join(
        b"\0" + indexes[row * columns : (row + 1) * columns] for row in range(rows)
    )  # a line begins with the number of its filter: none
    head = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", palette),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    image = SIGNATURE + b"".join(starmap(_chunk, parts))
    return "data:image/png;base64," + base64.b64encode(image).decode()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
