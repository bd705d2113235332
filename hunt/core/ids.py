"""Ids of clicks: UUIDs that begin with the time (RFC 9562, 5.7, version 7).

The server takes any UUID. But it looks for each id among all of a hunt's, and those that
are made at one time then lie side by side in its index: in memory, however long the log is.
"""

from __future__ import annotations

from uuid import UUID

#: Bytes of randomness that an id takes.
RANDOM = 10


def click_id(milliseconds: int, randomness: bytes) -> str:
    """Return a UUID in its canonical form.

    Args:
        milliseconds: Since 1970, >= 0; nothing depends on them being right.
        randomness: `RANDOM` bytes, of which 74 bits are used.
    """
    drawn = int.from_bytes(randomness)
    high = milliseconds % 2**48 << 16 | 7 << 12 | drawn >> 68
    low = 0b10 << 62 | drawn % 2**62
    return str(UUID(int=high << 64 | low))
