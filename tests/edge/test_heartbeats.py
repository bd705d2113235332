"""Heartbeats: when each stream is visited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import trio
from trio.testing import MockClock

from hunt.edge.heartbeats import SILENCE, SLICE, TICKS, Heartbeats

INTERVAL = 8.0  #: seconds; a tick is one


@dataclass(eq=False)
class Stream:
    """A stream that notes its visits, and sends a heartbeat at each."""

    heartbeats: Heartbeats[Stream]
    pause: int = SILENCE  #: ticks until the next visit
    fails: bool = False
    fd: int = 7
    visits: list[int] = field(default_factory=list)  #: the ticks

    def heartbeat(self) -> int:
        self.visits.append(self.heartbeats.tick)
        if self.fails:
            raise ValueError("a bug")
        return self.visits[-1] + self.pause


def failed(stream: Stream, error: Exception) -> None:
    assert str(error) == "a bug"
    stream.fd = -1


@asynccontextmanager
async def running() -> AsyncIterator[Heartbeats[Stream]]:
    heartbeats = Heartbeats[Stream](INTERVAL, failed)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heartbeats.run)
        yield heartbeats
        nursery.cancel_scope.cancel()


async def sleep_until(tick: int) -> None:
    await trio.sleep_until(tick * INTERVAL / TICKS + 0.5)


async def test_stream_is_visited_only_when_a_heartbeat_may_be_due(
    autojump_clock: MockClock,
) -> None:
    async with running() as heartbeats:
        silent, awake = Stream(heartbeats), Stream(heartbeats, pause=1)
        heartbeats.add(silent)
        heartbeats.add(awake)
        await sleep_until(3)
        late = Stream(heartbeats)
        heartbeats.add(late)
        await sleep_until(21)
    assert silent.visits == [7, 14, 21]
    assert late.visits == [10, 17]
    assert awake.visits == list(range(7, 22))


async def test_stream_that_has_ended_or_failed_is_not_visited_again(
    autojump_clock: MockClock,
) -> None:
    async with running() as heartbeats:
        streams = [Stream(heartbeats), Stream(heartbeats, fails=True), Stream(heartbeats)]
        for each in streams:
            heartbeats.add(each)
        await sleep_until(8)
        streams[0].fd = -1
        await sleep_until(15)
    assert [each.visits for each in streams] == [[7], [7], [7, 14]]


async def test_many_streams_are_visited_with_checkpoints(autojump_clock: MockClock) -> None:
    seen: list[int] = []
    async with running() as heartbeats:
        streams = [Stream(heartbeats) for _ in range(3 * SLICE + 1)]

        class Turns(trio.abc.Instrument):
            def before_task_step(self, task: trio.lowlevel.Task) -> None:
                seen.append(sum(len(each.visits) for each in streams))

        for each in streams:
            heartbeats.add(each)
        turns = Turns()
        trio.lowlevel.add_instrument(turns)
        await sleep_until(8)
        trio.lowlevel.remove_instrument(turns)
    assert seen[-1] == len(streams)
    assert max(b - a for a, b in pairwise(seen)) <= SLICE
