"""Ids of clicks: UUIDs that begin with the time (RFC 9562, 5.7, version 7).

The server accepts any UUID. It looks up each id in the index of a hunt's log. Ids that begin
with the time are adjacent there, so the lookups stay in memory however long the log is.
"""

from __future__ import annotations

from uuid import UUID

#: Bytes of randomness that an id takes.
RANDOM = 10


def click_id(milliseconds: int, randomness: bytes) -> str:
    """Return a UUID of version 7 in its canonical form.

    Args:
        milliseconds: Time since 1970, >= 0; it need not be exact.
        randomness: `RANDOM` bytes, of which 74 bits are used.
    """
    drawn = int.from_bytes(randomness)
    high = milliseconds % 2**48 << 16 | 7 << 12 | drawn >> 68
    low = 0b10 << 62 | drawn % 2**62
    return str(UUID(int=high << 64 | low))
