"""Clicks and wins of hunts by minute."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from hunt.metrics.counters import LabelledCounter
from hunt.metrics.hunt_minutes import KEPT, MOST, HuntMinutes


class Wall:
    now = 1_000_000_020.0  # a whole minute

    def __call__(self) -> float:
        return self.now


def test_minutes_hold_new_clicks_and_wins_of_each_hunt() -> None:
    wall, clicks = Wall(), LabelledCounter()
    minutes = HuntMinutes(lambda: clicks.counts, wall)
    clicks.add("harbour", "won", 2)
    clicks.add("harbour", "nothing", 3)
    clicks.add("harbour", "duplicate", 7)
    clicks.add("harbour", "too_fast", 7)
    clicks.add("river", "nothing")
    minutes.look()
    wall.now += 59
    clicks.add("harbour", "won")
    minutes.look()
    minutes.look()
    begin = 1_000_000_020
    assert minutes.since == begin
    assert minutes.of("harbour") == [(begin, 6, 3)]
    assert minutes.of("river") == [(begin, 1, 0)]
    assert minutes.of("nowhere") == []
    wall.now += 61
    clicks.add("harbour", "nothing", 4)
    minutes.look()
    assert minutes.of("harbour") == [(begin, 6, 3), (begin + 120, 4, 0)], "none in between"
    wall.now -= 600  # the clock was set back
    clicks.add("harbour", "nothing")
    minutes.look()
    assert minutes.of("harbour")[-1] == (begin + 120, 5, 0)


def test_minutes_of_an_hour_and_of_some_hunts_are_kept() -> None:
    wall, clicks = Wall(), LabelledCounter()
    minutes = HuntMinutes(lambda: clicks.counts, wall)
    for _ in range(2 * KEPT):
        clicks.add("harbour", "nothing")
        minutes.look()
        wall.now += 60
    assert len(minutes.of("harbour")) == KEPT - 1, "the present minute has no clicks yet"
    wall.now += 3600
    assert minutes.of("harbour") == []
    for number in range(MOST):
        clicks.add(f"hunt-{number}", "nothing")
    minutes.look()
    assert len(minutes._minutes) == MOST
    assert "harbour" not in minutes._minutes


async def test_counters_are_looked_at_every_second(autojump_clock: MockClock) -> None:
    clicks = LabelledCounter()
    minutes = HuntMinutes(lambda: clicks.counts, Wall())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(minutes.run)
        await trio.sleep(0.5)
        clicks.add("harbour", "won")
        await trio.sleep(1)
        assert [each[1:] for each in minutes.of("harbour")] == [(1, 1)]
        nursery.cancel_scope.cancel()
