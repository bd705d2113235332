from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio
from trio.testing import MockClock

from hunt.bus import postgres
from hunt.core.events import Notice
from hunt.errors import StoreLost

#: Notices that another session may send.
ODD = (
    "gibberish",
    '{"h":"harbour","f":3,"l":3,"at":"yesterday","o":[[0,"c","ada",null,0]]}',
    '{"h":"harbour","f":3,"l":3,"at":"2026-01-01T00:00:00","o":[[0,"c","ada",null,0]]}',
)


async def test_listener_reconnects_and_passes_on_valid_notices(
    autojump_clock: MockClock,
) -> None:
    heard: list[object] = []
    sessions = [
        [("hunt_log", '{"h":"harbour","f":1,"l":2}'), ("hunt_hunts", "harbour")],
        [*(("hunt_log", each) for each in ODD), ("hunt_log", '{"h":"harbour","f":3,"l":3}')],
    ]

    @asynccontextmanager
    async def listening(channels: Sequence[str]) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        assert list(channels) == ["hunt_log", "hunt_hunts", "hunt_live"]
        if not sessions:
            await trio.sleep_forever()
        session = sessions.pop(0)

        async def received() -> AsyncIterator[tuple[str, str]]:
            for each in session:
                yield each
            raise StoreLost("gone")

        yield received()

    faults = Counter[str]()
    with trio.move_on_after(60):
        await postgres.run(
            listening,
            own=lambda: ("me",),
            notice=heard.append,
            live=heard.append,
            hunt_changed=heard.append,
            connected=lambda: heard.append("connected"),
            jitter=lambda: 0.5,
            faults=faults,
        )
    assert faults == {"lost": 2, "odd": len(ODD)}
    assert heard == [
        "connected",
        Notice("harbour", 1, 2, None),
        "harbour",
        "connected",
        Notice("harbour", 3, 3, None),
    ]
