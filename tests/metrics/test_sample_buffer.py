from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from hunt.errors import Draining, Overloaded
from hunt.metrics.sample_buffer import WATCHERS, SampleBuffer
from hunt.metrics.sampler import Sample
from tests.support.process import Process


def ring(kept: int = 900) -> tuple[SampleBuffer, Callable[[], Sample]]:
    process = Process()
    return SampleBuffer(process.sampler.take, name="a1", kept=kept), process.sampler.take


def moments(kept: bytes) -> list[float]:
    return [each["at"] for each in json.loads(kept)]


async def test_waiters_get_a_sample_each_second(autojump_clock: MockClock) -> None:
    samples, _ = ring()
    times = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(samples.run)
        for seq in range(3):
            await samples.wait_newer(seq)
            times.append(trio.current_time())
        nursery.cancel_scope.cancel()
    assert [round(time - times[0], 6) for time in times] == [0, 1, 2]
    assert samples.event_id() == "a1-3"
    assert samples.newest is not None
    assert samples.newest.at == moments(samples.last(1))[0]


async def test_missed_samples_are_not_taken_later(mock_clock: MockClock) -> None:
    samples, _ = ring()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(samples.run)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(10)
        await trio.testing.wait_all_tasks_blocked()
        assert samples.seq == 2, "one at the start, one late"
        nursery.cancel_scope.cancel()


async def test_oldest_samples_are_dropped(autojump_clock: MockClock) -> None:
    samples, take = ring(kept=3)
    taken = []
    for _ in range(5):
        samples.add(take())
        assert samples.newest is not None
        taken.append(samples.newest.at)
        await trio.sleep(1)
    assert moments(samples.last(9)) == taken[2:]
    assert moments(samples.last(1)) == taken[4:]


@pytest.mark.parametrize(
    ("event_id", "seq"),
    [("a1-2", 2), ("a1-3", 0), ("b2-1", 0), ("a1-", 0), ("a1-٣", 0), ("a1-2\n", 0), (None, 0)],
)
async def test_event_id_of_another_process_is_unknown(
    autojump_clock: MockClock, event_id: str | None, seq: int
) -> None:
    samples, take = ring()
    samples.add(take())
    samples.add(take())
    assert samples.known(event_id) == seq


async def test_watchers_are_limited_and_released_at_the_end(autojump_clock: MockClock) -> None:
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
