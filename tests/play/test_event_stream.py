"""The life of an event stream, without a transport."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from hunt.core import sse
from hunt.errors import StoreUnavailable
from hunt.play.event_stream import EventStream
from hunt.play.reconnect import RECONNECT_MS
from hunt.play.stream import Stream
from tests.support.fake_play import PEER, World, request


def opened(world: World, **fields: Any) -> Stream:
    stream = world.play.events(request(**fields), PEER)
    assert isinstance(stream, Stream)
    return stream


@asynccontextmanager
async def streaming(world: World, **fields: Any) -> AsyncIterator[EventStream]:
    async with EventStream(opened(world, **fields)) as events:
        yield events
    assert not any(world.hub.counts().values()), "it is unsubscribed"
    assert world.hub.awake == 0
    assert not world.hub.queues


def publish(world: World) -> None:
    world.hub.publish("harbour", [world.log.add()])


async def test_stream_greets_then_delivers_then_sends_heartbeats(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with streaming(world) as events:
        assert world.hub.counts() == {"sse": 1}
        assert world.hub.awake == 1
        assert b"event: hello" in await anext(events)
        publish(world)
        publish(world)
        assert (await anext(events)).count(b"event: reward") == 2
        assert world.metrics.deliveries == 2
        began = trio.current_time()
        assert await anext(events) == sse.HEARTBEAT
        assert trio.current_time() - began == world.play.streams.heartbeat


async def test_reward_in_the_greeting_is_not_delivered_twice(autojump_clock: MockClock) -> None:
    world = World()
    world.log.add()
    async with streaming(world, last_event_id="k1-0") as events:
        world.log.before_read = lambda: publish(world) if len(world.log.rows) == 1 else None
        assert (await anext(events)).count(b"event: reward") == 2
        assert await anext(events) == sse.HEARTBEAT
        publish(world)
        assert b"id: k1-3" in await anext(events)


@pytest.mark.parametrize(
    ("reason", "last"),
    [
        ("over", sse.pause(RECONNECT_MS[0])),
        ("expired", sse.pause(RECONNECT_MS[0])),
        ("banned", sse.pause(RECONNECT_MS[0])),
        ("drain", sse.drain(RECONNECT_MS[0])),
    ],
)
async def test_stream_ends_with_a_farewell(reason: Any, last: bytes) -> None:
    world = World()
    async with streaming(world) as events:
        await anext(events)
        publish(world)
        world.hub.end("harbour", reason)
        assert b"event: reward" in await anext(events), "taken before the end"
        assert await anext(events) == last
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_slow_consumer_is_cut_off_without_a_farewell() -> None:
    world = World()
    async with streaming(world) as events:
        await anext(events)
        for _ in range(world.play.streams.buffer + 1):
            publish(world)
        blocks = b"".join([each async for each in events])
        assert [each.event for each in sse.Parser().feed(blocks + b"\n\n")] \
            == ["reward"] * world.play.streams.buffer  # fmt: skip
        assert blocks.startswith(b"id: ")
        assert blocks.endswith(b"}\n\n")


async def test_stream_beyond_the_limit_of_a_player_is_paused() -> None:
    world = World()
    async with EventStream(opened(world)), EventStream(opened(world)):
        async with EventStream(opened(world)) as events:
            assert world.hub.counts() == {"sse": 2}
            assert [each async for each in events] == [sse.pause(RECONNECT_MS[0])]


async def test_stream_that_cannot_be_resumed_now_is_paused() -> None:
    world = World()

    def fail() -> None:
        raise StoreUnavailable("gone")

    world.log.before_read = fail
    async with streaming(world, last_event_id="k1-0") as events:
        assert [each async for each in events] == [sse.pause(RECONNECT_MS[0])]


async def test_stream_of_everybodys_wins_is_never_resumed() -> None:
    world = World()
    for _ in range(2):
        world.log.add()
    async with streaming(world, scope="all", last_event_id="k1-0") as events:
        assert b"event: reward" not in await anext(events)


async def test_frames_wait_in_a_counted_queue_until_they_are_delivered(
    autojump_clock: MockClock,
) -> None:
    world = World()
    await trio.sleep(2)
    world.now = 5.0
    async with streaming(world) as events:
        await anext(events)
        for ids in (["k1-1", "k1-2"], ["k1-3"]):
            for _ in ids:
                publish(world)
            assert world.hub.backlog() == (len(ids), 1)
            assert [each.id for each in sse.Parser().feed(await anext(events))] == ids
            assert world.hub.backlog() == (0, 0)
    assert world.metrics.latencies == [3.0] * 3
