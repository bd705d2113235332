from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from hunt.core.events import Reward, Settlement
from hunt.errors import CircuitOpen
from tests.support.hubs import subscribed, subscription_of
from tests.support.process import Process

WON = Settlement(Reward(1, "", "ada", "coin", 1, ""), False)


async def test_sample_counts_events_since_the_last_one(
    autojump_clock: MockClock,
) -> None:
    process = Process()
    process.recorder.settled("harbour", [WON] * 5, [0.001] * 5)
    await trio.sleep(1)
    assert process.sampler.take().clicks == 5
    process.recorder.settled("harbour", [WON] * 98, [0.0015] * 98)
    process.recorder.refused("river", CircuitOpen(retry_after=1), 0.15)
    process.recorder.refused("river", CircuitOpen(retry_after=1), 0.15)
    process.recorder.delivered(0.004)
    process.recorder.committed(rows=98, seconds=0.25)
    process.recorder.committed(rows=1, seconds=0.75)
    process.recorder.cut_off()
    process.recorder.bus_lag(0.5)
    process.recorder.bus_lag(0.25)
    await trio.sleep(2)  # late, because the loop was blocked
    sample = process.sampler.take()
    assert (sample.clicks, sample.refused) == (49, 1)
    assert sample.click_p50 == pytest.approx(0.00151, abs=1e-5)
    assert sample.click_p99 is not None
    assert 0.1 < sample.click_p99 <= 0.2
    assert sample.delivery_p99 is not None
    assert 0.002 < sample.delivery_p99 <= 0.005
    assert (sample.batch_average, sample.batch_max) == (0.5, 0.75)
    assert (sample.cut_off, sample.bus_lag, sample.database) == (1, 0.5, 3)
    assert sample.pool == {"idle": 2, "busy": 1, "connecting": 0}
    await trio.sleep(1)
    quiet = process.sampler.take()
    assert (quiet.clicks, quiet.refused, quiet.bus_lag) == (0, 0, None)
    assert (quiet.click_p50, quiet.delivery_p99) == (None, None)
    assert quiet.at == pytest.approx(1000 + trio.current_time())


async def test_sample_distinguishes_parked_and_awake_streams(
    autojump_clock: MockClock,
) -> None:
    process = Process()
    process.hub.count("sse", 3)
    with (
        subscribed(process.hub, subscription_of("ada"), buffer=1, transport="sse"),
        subscribed(process.hub, subscription_of("bob"), buffer=1, transport="websocket"),
    ):
        sample = process.sampler.take()
        assert (sample.parked, sample.awake, sample.sockets) == (3, 1, 1)
    sample = process.sampler.take()
    assert (sample.parked, sample.awake, sample.sockets) == (3, 0, 0)


async def test_sample_has_the_counters_and_probe_time_of_the_breaker(
    autojump_clock: MockClock,
) -> None:
    process = Process()
    breaker = process.breaker
    breaker.succeed(breaker.admit(), 1.0)
    breaker.time_out(breaker.admit())
    seen = process.sampler.take().breaker
    assert (seen.state, seen.reason, seen.probe_in, seen.open_for) == ("closed", None, None, None)
    assert seen.in_a_row == {"slow": 1, "timeout": 1, "unavailable": 0}
    breaker.time_out(breaker.admit())
    await trio.sleep(0.125)
    seen = process.sampler.take().breaker
    assert (seen.state, seen.reason, seen.forced) == ("open", "timeout", None)
    assert (seen.probe_in, seen.open_for) == (0.4, 0.1)
    breaker.force("open")
    seen = process.sampler.take().breaker
    assert (seen.reason, seen.forced, seen.probe_in) == ("forced", "open", None)
