from __future__ import annotations

import time

import pytest
import trio
from trio.testing import MockClock

from hunt.metrics.event_loop import EventLoopMeter, Window


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_idle_ratio_is_the_share_of_time_in_io_waits() -> None:
    clock = Clock()
    meter = EventLoopMeter(clock, slots=2)
    assert meter.idle() == 1
    meter.after_io_wait(0)  # began before it was added
    for waits in (0.25, 0.5, 0.75):
        meter.before_io_wait(1)
        clock.now += waits
        meter.after_io_wait(1)
        clock.now += 1 - waits
    # The slots end after the first wait that passes their second.
    assert meter.utilization() == pytest.approx(1 - meter.idle())
    assert 0.4 < meter.idle() < 0.65


async def test_meter_measures_trio(autojump_clock: MockClock) -> None:
    meter = EventLoopMeter(time.perf_counter)
    trio.lowlevel.add_instrument(meter)
    for _ in range(10):
        await trio.sleep(1)
    trio.lowlevel.remove_instrument(meter)
    assert 0 < meter.utilization() <= 1


def test_window_forgets_old_values() -> None:
    clock = Clock()
    window = Window(clock, seconds=10)
    assert (window.average(), window.maximum()) == (0, 0)
    window.add(9)
    clock.now = 5
    window.add(1)
    window.add(2)
    assert (window.average(), window.maximum()) == (4, 9)
    clock.now = 11
    assert (window.average(), window.maximum()) == (1.5, 2)
