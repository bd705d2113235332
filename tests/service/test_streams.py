"""The read path of one process: from hunts and notices to the tail and the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import trio
from trio.testing import MockClock

from hunt.core.events import Notice, Reward
from hunt.service.broadcast import Broadcast
from hunt.service.streams import Streams
from hunt.service.subscriber import Mailbox
from hunt.service.tail import Tail
from tests.support.hubs import make_hub, subscribed, subscription_of
from tests.support.hunts import PLAIN, START


async def read(hunt: str, after: int, upto: int) -> list[Reward]:
    raise NotImplementedError


async def last() -> dict[str, int]:
    return {}


class Followed:
    """Streams, and the rewards and reports that they produce."""

    def __init__(self) -> None:
        self.published: list[int] = []
        self.lags: list[float] = []
        self.refreshed = 0
        self.hub, _ = make_hub()
        self.tail = Tail(read=read, last=last, publish=self.publish, jitter=lambda: 0.5)
        self.streams = Streams(
            self.tail,
            self.hub,
            Broadcast(self.hub),
            refresh=self.refresh,
            bus_lag=self.lags.append,
        )

    def publish(self, hunt: str, rewards: Sequence[Reward]) -> None:
        self.published += [each.seq for each in rewards]

    def refresh(self) -> None:
        self.refreshed += 1


def notice(at: datetime, *seqs: int) -> Notice:
    rewards = tuple(Reward(seq, f"c{seq}", "ada", None, 0, at.isoformat()) for seq in seqs)
    return Notice("harbour", seqs[0], seqs[-1], rewards)


@pytest.mark.parametrize(("age", "lag"), [(0.3, 0.3), (30.0, 30.0), (-30.0, 0.0)])
async def test_age_of_a_notice_is_reported(age: float, lag: float) -> None:
    followed = Followed()
    followed.streams.notice(notice(datetime.now(UTC) - timedelta(seconds=age), 1))
    assert followed.published == [1]
    assert followed.lags == [pytest.approx(lag, abs=0.25)]


async def test_notice_without_rewards_has_no_age() -> None:
    followed = Followed()
    for rewards in (None, ()):
        followed.streams.notice(Notice("harbour", 1, 2, rewards))
    assert (followed.lags, followed.published) == ([], [])


async def test_first_rewards_of_this_process_are_published_and_no_earlier_ones() -> None:
    followed = Followed()
    rewards = notice(datetime.now(UTC), 7, 8).rewards
    assert rewards is not None
    followed.tail.committed("harbour", rewards)
    assert followed.published == [7, 8]


async def test_ended_hunt_ends_its_streams_after_the_last_reward() -> None:
    followed = Followed()
    ended = replace(PLAIN, state="closed", last_seq=2, ended_at=START)
    assert ended.has_ended
    with subscribed(followed.hub, subscription_of("ada"), buffer=9, transport="sse") as mailbox:
        followed.tail.start_at("harbour", 0)
        followed.streams.hunt_read(ended, PLAIN)
        assert mailbox.reason is None, "two rewards are not published yet"
        followed.streams.notice(notice(datetime.now(UTC), 1, 2))
        followed.streams.hunt_read(ended, ended)
        assert mailbox.reason == "over"


@pytest.mark.parametrize("known", [None, PLAIN, replace(PLAIN, epoch="k0")])
async def test_another_epoch_begins_the_log_again(known: object) -> None:
    followed = Followed()
    followed.tail.start_at("harbour", 9)
    with subscribed(followed.hub, subscription_of("ada"), buffer=9, transport="sse") as mailbox:
        followed.streams.hunt_read(replace(PLAIN, last_seq=4), known)  # type: ignore[arg-type]
        again = known is not None and known is not PLAIN
        assert followed.tail.position("harbour") == (4 if again else 9)
        assert mailbox.reason == ("drain" if again else None)


async def test_deleted_hunt_is_forgotten_and_its_streams_end() -> None:
    followed = Followed()
    followed.streams.hunt_read(replace(PLAIN, last_seq=4), None)
    assert followed.tail.position("harbour") == 4
    with subscribed(followed.hub, subscription_of("ada"), buffer=9, transport="sse") as mailbox:
        followed.streams.hunt_deleted(PLAIN)
        assert mailbox.reason == "over"
    assert followed.tail.position("harbour") == 0


async def test_connected_listener_reads_hunts_and_logs() -> None:
    followed = Followed()
    followed.streams.listener_connected()
    assert followed.refreshed == 1
    assert followed.tail._poll_now.is_set()
    await trio.lowlevel.checkpoint()


def live_events(mailbox: Mailbox) -> list[str]:
    """Return the live events that wait."""
    try:
        return [each.message() for each in mailbox.gather(after=0, most=99) if each.key]
    except (trio.WouldBlock, trio.EndOfChannel):
        return []


async def test_streams_are_told_that_the_hunt_is_over_before_they_end() -> None:
    followed = Followed()
    ended = replace(PLAIN, state="closed", last_seq=2, ended_at=START, stock_left={"coin": 3})
    with subscribed(followed.hub, subscription_of("ada"), buffer=9, transport="sse") as mailbox:
        followed.tail.start_at("harbour", 0)
        followed.streams.hunt_read(ended, PLAIN)
        assert live_events(mailbox) == [], "two rewards are not published yet"
        followed.streams.notice(notice(datetime.now(UTC), 1, 2))
        followed.streams.hunt_read(ended, ended)
        stock, state = live_events(mailbox)
        assert '"coin":3' in stock
        assert '"state":"over"' in state


async def test_streams_are_told_what_has_changed(autojump_clock: MockClock) -> None:
    followed = Followed()
    paused = replace(PLAIN, state="paused")
    async with trio.open_nursery() as nursery:
        await nursery.start(followed.streams.run)
        with subscribed(followed.hub, subscription_of(None), buffer=9, transport="sse") as mailbox:
            followed.streams.hunt_read(PLAIN, None)
            followed.streams.hunt_read(PLAIN, PLAIN)
            await trio.sleep(2)
            assert live_events(mailbox) == []
            followed.streams.hunt_read(paused, PLAIN)
            await trio.sleep(2)
            [state] = live_events(mailbox)
            assert '"state":"paused"' in state
            followed.hub.publish("harbour", [Reward(1, "c1", "ada", "coin", 7, "")])
            await trio.sleep(2)
            assert mailbox.receive_nowait().kind == "wins"
        nursery.cancel_scope.cancel()
