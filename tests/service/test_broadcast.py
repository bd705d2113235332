"""Live events: coalesced, to every stream of a hunt, without harm to slow clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import MockClock

from hunt.core.live import LiveEvent, Told
from hunt.service.broadcast import INTERVAL, REST, Broadcast
from hunt.service.hub import SLICE, Hub
from hunt.service.subscriber import Frame, Mailbox
from tests.support.hubs import make_hub, subscribed, subscription_of


def stock(left: int) -> LiveEvent:
    return LiveEvent("stock", b'{"stock_left":{"coin":%d}}' % left, "stock ")


STATE = LiveEvent("state", b'{"state":"paused"}', "state ")
OPEN = LiveEvent("state", b'{"state":"open"}', "state ")


@asynccontextmanager
async def broadcasting() -> AsyncIterator[tuple[Hub, Broadcast]]:
    hub, cut = make_hub()
    broadcast = Broadcast(hub)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broadcast.run)
        yield hub, broadcast
        nursery.cancel_scope.cancel()
    assert cut == []


def frames(mailbox: Mailbox) -> list[Frame]:
    try:
        return mailbox.gather(after=0, most=10)
    except (trio.WouldBlock, trio.EndOfChannel):
        return []


def texts(mailbox: Mailbox) -> list[str]:
    return [each.message() for each in frames(mailbox)]


async def test_event_reaches_every_stream_of_its_hunt_as_one_frame(
    autojump_clock: MockClock,
) -> None:
    async with broadcasting() as (hub, broadcast):
        with (
            subscribed(hub, subscription_of("ada"), buffer=9, transport="sse") as own,
            subscribed(hub, subscription_of(None), buffer=9, transport="sse") as everybody,
            subscribed(hub, subscription_of("ada", "river"), buffer=9, transport="sse") as other,
        ):
            broadcast.tell_all("harbour", [stock(2)])
            await trio.testing.wait_all_tasks_blocked()
            [frame] = frames(own)
            assert (frame.seq, frame.since, frame.key) == (0, trio.current_time(), "stock ")
            assert frame.message() == '{"stock":{"stock_left":{"coin":2}}}'
            assert frame.sse == b'event: stock\ndata: {"stock_left":{"coin":2}}\n\n', (
                "without an id"
            )
            [same] = frames(everybody)
            assert same is frame
            assert frames(other) == []


async def test_latest_event_of_a_kind_is_sent_at_most_once_in_an_interval(
    autojump_clock: MockClock,
) -> None:
    async with broadcasting() as (hub, broadcast):
        with subscribed(hub, subscription_of("ada"), buffer=9, transport="sse") as mailbox:
            broadcast.tell_all("harbour", [stock(9)])
            await trio.testing.wait_all_tasks_blocked()
            assert len(texts(mailbox)) == 1, "the first one at once"
            for left in range(8, 0, -1):
                broadcast.tell_all("harbour", [stock(left)])
            broadcast.tell_all("harbour", [STATE])
            await trio.testing.wait_all_tasks_blocked()
            assert texts(mailbox) == ['{"state":{"state":"paused"}}'], "it does not wait for stock"
            broadcast.tell_all("harbour", [OPEN, STATE])
            await trio.sleep(INTERVAL * 0.9)
            assert texts(mailbox) == []
            await trio.sleep(INTERVAL * 0.2)
            assert set(texts(mailbox)) == {
                '{"stock":{"stock_left":{"coin":1}}}', '{"state":{"state":"paused"}}',
            }  # fmt: skip
            await trio.sleep(INTERVAL * 5)
            assert texts(mailbox) == [], "nothing has changed"


async def test_hunt_without_streams_costs_nothing(autojump_clock: MockClock) -> None:
    async with broadcasting() as (_, broadcast):
        broadcast.tell_all("harbour", [stock(2)])
        assert not broadcast._routine._events
        assert not broadcast._routine._told.is_set()


async def test_routine_event_to_many_streams_leaves_time_for_clicks_and_other_events(
    autojump_clock: MockClock,
) -> None:
    write = 0.001  # seconds
    arrived: dict[str, list[float]] = {"stock": [], "state": []}

    class Written(Mailbox):
        def offer(self, frame: Frame) -> bool:
            autojump_clock.jump(write)
            arrived[frame.kind].append(trio.current_time())
            return super().offer(frame)

    slices = 4
    hub, _ = make_hub(per_player=slices * SLICE)
    broadcast = Broadcast(hub)
    for _ in range(slices * SLICE):
        hub.add(subscription_of("ada"), Written(9))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broadcast.run)
        began = trio.current_time()
        broadcast.tell_all("harbour", [stock(2)])
        await trio.sleep((SLICE + 1) * write)
        broadcast.tell_all("harbour", [STATE])
        await trio.sleep(slices * SLICE * write * (REST + 2))
        nursery.cancel_scope.cancel()
    assert len(arrived["stock"]) == len(arrived["state"]) == slices * SLICE
    assert arrived["state"][-1] - began < 2 * slices * SLICE * write
    rests = (slices - 1) * SLICE * write * REST
    assert arrived["stock"][-1] - began >= rests


async def test_event_of_a_player_reaches_the_streams_of_this_player_at_once() -> None:
    hub, _ = make_hub()
    broadcast = Broadcast(hub)
    claimed = LiveEvent("reward_state", b'{"seq":4}', "reward_state 4")
    with (
        subscribed(hub, subscription_of("ada"), buffer=9, transport="sse") as first,
        subscribed(hub, subscription_of("ada"), buffer=9, transport="websocket") as second,
        subscribed(hub, subscription_of("bob"), buffer=9, transport="sse") as bob,
        subscribed(hub, subscription_of(None), buffer=9, transport="sse") as everybody,
    ):
        broadcast.tell(Told("harbour", "ada", claimed))
        broadcast.tell(Told("harbour", "eve", claimed))
        assert texts(first) == texts(second) == ['{"reward_state":{"seq":4}}']
        assert texts(bob) == texts(everybody) == []


async def test_event_of_a_transaction_without_a_player_reaches_all(
    autojump_clock: MockClock,
) -> None:
    async with broadcasting() as (hub, broadcast):
        with subscribed(hub, subscription_of(None), buffer=9, transport="sse") as mailbox:
            broadcast.tell(Told("harbour", None, STATE))
            await trio.testing.wait_all_tasks_blocked()
            assert texts(mailbox) == ['{"state":{"state":"paused"}}']


async def test_stream_that_ends_meanwhile_gets_no_event(autojump_clock: MockClock) -> None:
    hub, _ = make_hub(per_player=2 * SLICE)
    broadcast = Broadcast(hub)
    ending = Mailbox(1)

    class Ending(Mailbox):
        """Its event ends another stream, whose turn comes after the next checkpoint."""

        def offer(self, frame: Frame) -> bool:
            hub.remove(ending)
            return super().offer(frame)

    mailboxes = [Ending(1), *(Mailbox(1) for _ in range(SLICE - 1)), ending]
    for each in mailboxes:
        hub.add(subscription_of("ada"), each)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broadcast.run)
        broadcast.tell_all("harbour", [STATE])
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [each.waiting() for each in mailboxes] == [1] * SLICE + [0]
