"""The loop of a copy of the database: read after each notice, and at an interval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

#: Seconds between two reads.  Changes are announced, so the interval covers lost notices, and
#: what changes without one, such as the stock that is left and bans that end.
INTERVAL = 2.0

#: Seconds between two attempts at the start, while the database cannot be read.
RETRY_INTERVAL = 0.5

#: Reads; returns whether that succeeded.
Refresh = Callable[[], Awaitable[bool]]


class Refresher:
    """Repeats a read until cancelled; a notice brings the next one forward."""

    def __init__(self) -> None:
        self._changed = trio.Event()

    def soon(self) -> None:
        """Schedule a read; cannot block."""
        self._changed.set()

    async def wait_read(self, refresh: Refresh) -> None:
        """Return once a read has succeeded."""
        while not await refresh():  # ruff: ignore[async-busy-wait] - the database sends no event
            await trio.sleep(RETRY_INTERVAL)

    async def run(self, refresh: Refresh) -> None:
        """Read after each notice, and every `INTERVAL` seconds, until cancelled."""
        while True:
            with trio.move_on_after(INTERVAL):
                await self._changed.wait()
            self._changed = trio.Event()
            await refresh()
