"""Eviction of entries that caches have not used for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

#: Seconds between two turns; what is not used for two of them is dropped.
INTERVAL = 15.0


async def evict(turns: Iterable[Callable[[], None]]) -> None:
    """Call each of `turns` every `INTERVAL` seconds, one a turn of the loop, until cancelled.

    Args:
        turns: As of `Cache.rotate` and `Limiter.rotate`; may grow meanwhile.
    """
    while True:
        await trio.sleep(INTERVAL)
        for turn in tuple(turns):
            turn()
            await trio.lowlevel.checkpoint()
