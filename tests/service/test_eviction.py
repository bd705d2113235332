from __future__ import annotations

import trio
import trio.testing

from hunt.service.eviction import INTERVAL, evict


async def test_rotations_are_called_regularly(autojump_clock: trio.testing.MockClock) -> None:
    called: list[str] = []
    turns = [lambda: called.append("a"), lambda: called.append("b")]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(evict, turns)
        await trio.sleep(2.5 * INTERVAL)
        nursery.cancel_scope.cancel()
    assert called == ["a", "b", "a", "b"]
