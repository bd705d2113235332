"""Streams end when their tokens expire: in time, spread out, and without cost before that."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from hunt.core.bans import BanList
from hunt.core.tokens import Identity
from hunt.service import expiry
from hunt.service.expiry import Expiry
from hunt.service.hub import Hub
from hunt.service.subscriber import Frame, Reason, Subscriber, Subscription
from tests.support.hubs import AllValid

START = 1_800_000_000.0


class Ended:
    """A subscriber that notes when and why it was closed."""

    def __init__(self) -> None:
        self.at: float | None = None
        self.reason: Reason | None = None

    def offer(self, frame: Frame) -> bool:
        return True

    def waiting(self) -> int:
        return 0

    def close(self, reason: Reason) -> None:
        assert self.reason is None, "closed once"
        self.at, self.reason = wall(), reason


def wall() -> float:
    return START + trio.current_time()


class Process:
    """A hub, and the keys that verify tokens."""

    def __init__(self) -> None:
        self.keys: set[str | None] = {None, "k1", "k2"}
        self.generation = 0
        self.ahead = 0.0  # seconds by which the wall clock was set forward
        self.began = wall()
        self.hub = Hub(
            epoch=lambda _: "k1",
            per_player=10**6,
            jitter=random.Random(1).random,
            clock=lambda: wall() + self.ahead,
            tokens=self,
            bans=BanList(),
        )

    def hold(self, identity: Identity) -> bool:
        return identity.until > wall() + self.ahead and identity.key in self.keys

    def open(self, until: float, *, key: str | None = None, everybody: bool = False) -> Ended:
        """Open a stream whose token expires so many seconds after the process began."""
        identity = Identity("ada", None, False, self.began + until, key)
        self.hub.add(Subscription("harbour", identity, everybody), subscriber := Ended())
        return subscriber


@asynccontextmanager
async def running() -> AsyncIterator[Process]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon((process := Process()).hub.run)
        yield process
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("everybody", [False, True])
@pytest.mark.parametrize("until", [0.1, 5.0, 14.9, 15.0, 100.0, 3600.0])
async def test_stream_ends_within_a_second_after_its_token(
    autojump_clock: MockClock, until: float, everybody: bool
) -> None:
    async with running() as process:
        ending, other = process.open(until, everybody=everybody), process.open(until + 60)
        await trio.sleep(until + 1)
        assert ending.at is not None
        assert 0 <= ending.at - process.began - until <= 1
        assert (ending.reason, other.reason) == ("expired", None)
        assert list(process.hub._streams) == [other]
        assert process.hub.wanted("harbour")


async def test_stream_opened_shortly_before_expiry_ends_in_time(
    autojump_clock: MockClock,
) -> None:
    async with running() as process:
        await trio.sleep(1)  # the streams of the next seconds are known by now
        stream = process.open(3.0)
        await trio.sleep(3)
        assert stream.reason == "expired"


async def test_thousands_of_streams_expire_in_slices(
    autojump_clock: MockClock,
) -> None:
    turns: list[int] = []

    class Turns(trio.abc.Instrument):
        def before_io_wait(self, timeout: float) -> None:
            turns.append(sum(each.reason is not None for each in streams))

    async with running() as process:
        streams = [process.open(20.0) for _ in range(10_000)]
        await trio.sleep(19.9)
        assert not any(each.reason for each in streams)
        trio.lowlevel.add_instrument(instrument := Turns())
        await trio.sleep(1.1)
        trio.lowlevel.remove_instrument(instrument)
    assert all(each.reason == "expired" for each in streams)
    slices = [after - before for before, after in zip([0, *turns], turns, strict=False)]
    assert max(slices) <= expiry.SLICE
    assert len({each.at for each in streams}) >= 5, "spread over time, not only over turns"


async def test_streams_of_a_removed_key_end_within_a_second(autojump_clock: MockClock) -> None:
    async with running() as process:
        removed = [process.open(until, key="k1") for until in (10.0, 3600.0)]
        kept = [process.open(3600.0, key="k2"), process.open(3600.0)]
        await trio.sleep(5)
        process.keys.remove("k1")
        process.generation += 1
        await trio.sleep(1)
        assert [each.reason for each in removed] == ["expired"] * 2
        assert [each.reason for each in kept] == [None] * 2


async def test_clock_set_forward_ends_expired_streams(
    autojump_clock: MockClock,
) -> None:
    async with running() as process:
        stream = process.open(3600.0)
        await trio.sleep(1)
        process.ahead = 3600.0
        await trio.sleep(1)
        assert stream.reason == "expired"


class Checks:
    """Checks of streams whose tokens expire at the same time, and the streams that it ended."""

    def __init__(
        self,
        number: int,
        until: float,
        *,
        clock: Callable[[], float] = lambda: START,
        jitter: Callable[[], float] = lambda: 0.0,
    ) -> None:
        identity = Identity("ada", None, False, until, None)
        self.streams = [Ended() for _ in range(number)]
        self.open: dict[Subscriber, Subscription] = dict.fromkeys(
            self.streams, Subscription("harbour", identity, False)
        )
        self.ended: list[Subscriber] = []
        self.tokens = AllValid()
        self.with_it: dict[Subscriber, Subscriber] = {}  # a stream that ends with another one
        self.expiry = Expiry(
            self.open, clock=clock, tokens=self.tokens, jitter=jitter, end=self.end
        )

    def end(self, stream: Subscriber) -> None:
        self.ended.append(stream)
        if stream in self.with_it:
            self.remove(self.with_it[stream])

    def remove(self, stream: Subscriber) -> None:
        """Remove a stream that has ended for another reason."""
        self.open.pop(stream)
        self.expiry.remove(stream)

    async def run(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self.expiry.run()


async def test_stream_ends_at_the_moment_of_its_expiry(autojump_clock: MockClock) -> None:
    checks = Checks(1, START)
    await checks.run(5)
    assert checks.ended == checks.streams


async def test_stream_that_ends_with_another_one_is_ended_once(autojump_clock: MockClock) -> None:
    checks = Checks(3, START)
    one, two, three = checks.streams
    checks.with_it[one] = two
    await checks.run(1)
    assert checks.ended == [one, three]


async def test_stream_that_ends_during_a_scan_is_skipped(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "SCAN_SLICE", 1)
    scanning = trio.Event()

    def clock() -> float:
        scanning.set()
        return START

    checks = Checks(4, START, clock=clock)
    one, two, three, four = checks.streams
    async with trio.open_nursery() as nursery:
        nursery.start_soon(checks.run, 1.0)
        await scanning.wait()
        checks.remove(three)
    assert checks.ended == [one, two, four]


async def test_later_scan_does_not_delay_the_end_of_a_stream(autojump_clock: MockClock) -> None:
    checks = Checks(1, wall() + 2.0, clock=wall, jitter=iter([0.0, 1.0]).__next__)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(checks.run, 2.2)
        await trio.sleep(1)
        checks.tokens.generation += 1
    assert checks.ended == checks.streams


async def test_ended_stream_is_forgotten(autojump_clock: MockClock) -> None:
    async with running() as process:
        streams = [process.open(10.0) for _ in range(3)]
        await trio.sleep(1)
        assert len(process.hub.expiry._soon) == 3
        process.hub.remove(streams[0])
        process.hub.end("harbour")
        assert not process.hub.expiry._soon
        assert not process.hub._streams
        await trio.sleep(20)
        assert [each.reason for each in streams] == [None, "over", "over"]
