"""Regular eviction of cache entries that were not used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

#: Seconds between two rotations; entries that are not used for two of them are dropped.
INTERVAL = 15.0


async def evict(rotations: Sequence[Callable[[], None]]) -> None:
    """Call each of `rotations` every `INTERVAL` seconds, until cancelled.

    Args:
        rotations: Methods such as `Cache.rotate` and `Limiter.rotate`.
    """
    while True:
        await trio.sleep(INTERVAL)
        for rotate in rotations:
            rotate()
            await trio.lowlevel.checkpoint()
