"""Regular eviction of cache entries that were not used."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

#: Seconds between two rotations; entries that are not used for two of them are dropped.
INTERVAL = 15.0


async def evict(rotations: Iterable[Callable[[], None]]) -> None:
    """Call each of `rotations` every `INTERVAL` seconds, until cancelled.

    Args:
        rotations: Methods such as `Cache.rotate` and `Limiter.rotate`; may grow meanwhile.
    """
    while True:
        await trio.sleep(INTERVAL)
        for rotate in tuple(rotations):
            rotate()
            await trio.lowlevel.checkpoint()
