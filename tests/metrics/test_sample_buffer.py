"""Tests of the sampler and of the buffer of its samples."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
import trio
import trio.testing
from prometheus_client import CollectorRegistry
from trio.testing import MockClock

from hunt.core.breaker import Breaker
from hunt.core.events import Reward, Settlement
from hunt.core.sse import Parser
from hunt.errors import CircuitOpen, Draining, Overloaded
from hunt.metrics.counters import Histogram
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.registry import SECONDS, Metrics
from hunt.metrics.sample_buffer import WATCHERS, SampleBuffer
from hunt.metrics.sampler import Sample, Sampler
from hunt.service.lanes import Lanes
from tests.support.hubs import make_hub, subscription_of

WON = Settlement(Reward(1, "", "ada", "coin", 1, ""), False)


class Process:
    """A process' collaborators, real ones, and its sampler."""

    def __init__(self) -> None:
        self.metrics = Metrics(version="9", clock=trio.current_time)
        self.breaker = Breaker(trio.current_time, jitter=lambda: 1.0)
        self.hub = make_hub()[0]
        self.lanes = Lanes(
            self._commit, batch_size=9, batch_interval=0, queue_size=9, queue_age=9,
            jitter=lambda: 0,
        )  # fmt: skip
        self.answered = trio.current_time()
        self.sampler = Sampler(
            process=7,
            clock=trio.current_time,
            wall=lambda: 1000 + trio.current_time(),
            metrics=self.metrics,
            breaker=self.breaker,
            hub=self.hub,
            lanes=self.lanes,
            meter=EventLoopMeter(trio.current_time),
            pool=lambda: {"idle": 2, "busy": 1, "connecting": 0},
            answered=lambda: self.answered,
            draining=lambda: False,
        )

    async def _commit(self, *_: object) -> list[object]:  # type: ignore[override]
        raise AssertionError("nobody clicks here")


async def test_a_sample_is_of_what_has_happened_since_the_last(
    autojump_clock: MockClock,
) -> None:
    process = Process()
    process.metrics.settled("harbour", [WON] * 5, [0.001] * 5)
    await trio.sleep(1)
    assert process.sampler.take().clicks == 5
    process.metrics.settled("harbour", [WON] * 98, [0.0015] * 98)
    process.metrics.refused("river", CircuitOpen(retry_after=1), 0.15)
    process.metrics.refused("river", CircuitOpen(retry_after=1), 0.15)
    process.metrics.delivered(0.004)
    process.metrics.committed(rows=98, seconds=0.25)
    process.metrics.committed(rows=1, seconds=0.75)
    process.metrics.cut_off()
    process.metrics.bus_lag(0.5)
    process.metrics.bus_lag(0.25)
    await trio.sleep(2)  # late: the loop stood still
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


async def test_a_sample_tells_streams_with_a_task_from_those_without(
    autojump_clock: MockClock,
) -> None:
    process = Process()
    process.hub.count("sse", 3)
    with (
        process.hub.subscribe(subscription_of("ada"), buffer=1, transport="sse"),
        process.hub.subscribe(subscription_of("bob"), buffer=1, transport="websocket"),
    ):
        sample = process.sampler.take()
        assert (sample.parked, sample.awake, sample.sockets) == (3, 1, 1)
    sample = process.sampler.take()
    assert (sample.parked, sample.awake, sample.sockets) == (3, 0, 0)


async def test_a_sample_says_what_the_breaker_saw_and_when_it_will_probe(
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


def ring(kept: int = 900) -> tuple[SampleBuffer, Callable[[], Sample]]:
    process = Process()
    return SampleBuffer(process.sampler.take, name="a1", kept=kept), process.sampler.take


def ids(blocks: bytes) -> list[str | None]:
    return [event.id for event in Parser().feed(blocks)]


async def test_a_sample_a_second_for_who_waits(autojump_clock: MockClock) -> None:
    samples, _ = ring()
    times = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(samples.run)
        for seq in range(3):
            await samples.wait_newer(seq)
            times.append(trio.current_time())
        nursery.cancel_scope.cancel()
    assert [round(time - times[0], 6) for time in times] == [0, 1, 2]
    assert ids(samples.after(1)) == ["a1-2", "a1-3"]
    assert samples.newest is not None


async def test_a_loop_that_stood_still_is_not_made_up_for(mock_clock: MockClock) -> None:
    samples, _ = ring()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(samples.run)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(10)
        await trio.testing.wait_all_tasks_blocked()
        assert samples.seq == 2, "one at the start, one late"
        nursery.cancel_scope.cancel()


async def test_what_is_kept_has_an_end(autojump_clock: MockClock) -> None:
    samples, take = ring(kept=3)
    for _ in range(5):
        samples.add(take())
    assert ids(samples.after(0)) == ["a1-3", "a1-4", "a1-5"]
    assert ids(samples.after(4)) == ["a1-5"]
    assert samples.after(5) == b""


@pytest.mark.parametrize(
    ("event_id", "seq"),
    [("a1-2", 2), ("a1-3", 0), ("b2-1", 0), ("a1-", 0), ("a1-٣", 0), ("a1-2\n", 0), (None, 0)],
)
async def test_only_what_this_process_has_said_is_known(
    autojump_clock: MockClock, event_id: str | None, seq: int
) -> None:
    samples, take = ring()
    samples.add(take())
    samples.add(take())
    assert samples.known(event_id) == seq


async def test_watchers_are_bounded_and_sent_away_at_the_end(autojump_clock: MockClock) -> None:
    samples, _ = ring()
    with ExitStack() as watching:
        for _ in range(WATCHERS):
            watching.enter_context(samples.watching())
        with pytest.raises(Overloaded), samples.watching():
            pass
    with samples.watching():
        samples.end()
        await samples.wait_newer(0)  # returns
    with pytest.raises(Draining), samples.watching():
        pass
    assert samples.watchers == 0


def test_a_quantile_is_of_what_is_new() -> None:
    histogram = Histogram("x", "X.", SECONDS, CollectorRegistry())
    assert histogram.quantile(0.5, since=histogram.counts()) is None
    histogram.observe_all([0.001] * 1000)
    since = histogram.counts()
    histogram.observe_all([0.015] * 10)
    assert histogram.quantile(0.5, since=since) == pytest.approx(0.015)
    assert histogram.quantile(1.0, since=since) == pytest.approx(0.02)
    histogram.observe_all([60.0] * 90)
    assert histogram.quantile(0.99, since=since) == 5.0, "all that is known past the last bound"
