"""The delivery of one webhook, without a database: saves, failures and replays."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.log_event import EventFilter, LogEvent, event_json
from hunt.core.webhooks import Answer, Lease, Webhook
from hunt.errors import SealError
from hunt.service.log_news import LogNews
from hunt.service.webhook_delivery import (
    GATHER,
    LINGER,
    OWN_LEASE,
    PAGE,
    SAVE_INTERVAL,
    Delivery,
    DeliveryServices,
    LogSource,
)
from hunt.service.webhook_sender import AddressRefused, Sender

AT = datetime(2026, 11, 1, tzinfo=UTC)
WEBHOOK = Webhook(id=7, hunt="harbour", url="https://a.example/", events="clicks", prizes=("coin",))
TAKEN, FAILED = Answer(200, None, 0.5), Answer(503, "the receiver answered 503", 0.5)
GONE = Answer(410, "the receiver answered 410", 0.5)


def event(seq: int) -> LogEvent:
    return LogEvent(seq, f"c{seq}", "ada", "coin", 5, AT, 1.0, 2.0, "k1")


@dataclass
class World:
    """A log, a receiver and the leases of a delivery."""

    rows: list[LogEvent] = field(default_factory=list)
    answers: dict[int, list[Answer]] = field(default_factory=dict)  # by seq; else `TAKEN`
    letters: list[list[int]] = field(default_factory=list)  # of each look at the dead letters
    refused: str | None = None  # why the receiver has no address
    sealed: bool = False  # whether the secrets cannot be opened
    kept: bool = True  # whether a save finds the lease
    age: float = 7.0  # seconds, of every event
    dead: bool = False  # whether a failed event becomes a dead letter
    jitter: float = 0.5
    store_time: float = 0.0  # seconds that a save or a failure takes
    calls: list[tuple[Any, ...]] = field(default_factory=list)  # of leases
    pages: list[tuple[int, int | None, int, EventFilter]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    news: LogNews = field(default_factory=LogNews)
    began: float = field(default_factory=trio.current_time)

    def seconds(self) -> float:
        return trio.current_time() - self.began

    def delivery(self, *, seq: int = 0, attempts: int = 0, replays: bool = False) -> Delivery:
        self.services = DeliveryServices(
            leases=self,
            logs={"rewards": LogSource(self.page, self.news)},
            unseal=self.unseal,
            sender=self.sender,
            database=trio.CapacityLimiter(1),
            jitter=lambda: self.jitter,
            clock=(AT + timedelta(seconds=self.age)).timestamp,
            attempts=Counter(),
            dead=Counter(),
        )
        self.lease = Lease(
            webhook=WEBHOOK, holder="own", seq=seq, attempts=attempts, replays=replays
        )
        return Delivery(self.lease, self.services)

    async def page(
        self, hunt: str, wanted: EventFilter, *, after: int, limit: int, upto: int | None = None
    ) -> tuple[Sequence[LogEvent], int, bool]:
        await trio.lowlevel.checkpoint()
        assert hunt == "harbour"
        self.pages.append((after, upto, limit, wanted))
        rest = [each for each in self.rows if after < each.seq <= (upto or 10**9)]
        return rest[:2], max([after, *(each.seq for each in rest[:2])]), len(rest) > 2

    def unseal(self, lease: Lease) -> Sequence[str]:
        assert lease is self.lease
        if self.sealed:
            raise SealError("no key")
        return ["secret"]

    @asynccontextmanager
    async def sender(self, url: str) -> AsyncIterator[Sender]:
        if self.refused is not None:
            raise AddressRefused(self.refused)
        assert url == WEBHOOK.url
        yield self  # type: ignore[misc]

    async def send(self, id_: str, body: bytes, secrets: Sequence[str]) -> Answer:
        assert secrets == ["secret"]
        await trio.sleep(0.5)
        seq = int(id_.removeprefix("k1-"))
        assert body == event_json("harbour", event(seq))
        self.sent.append(seq)
        return self.answers[seq].pop(0) if self.answers.get(seq) else TAKEN

    async def save(
        self, lease: Lease, seq: int, answer: Answer | None = None, *, keep: bool = True
    ) -> bool:
        await trio.lowlevel.checkpoint()
        assert lease is self.lease
        self.calls.append((self.seconds(), seq, answer, keep))
        await trio.sleep(self.store_time)
        return self.kept

    async def failed(
        self, lease: Lease, seq: int, answer: Answer, *, event: int | None, pause: float
    ) -> bool:
        assert lease is self.lease
        await trio.sleep(self.store_time)
        self.calls.append((seq, answer, event, pause))
        return self.dead

    async def replays(self, lease: Lease) -> list[int]:
        await trio.lowlevel.checkpoint()
        assert lease is self.lease
        return self.letters.pop(0)

    async def replayed(self, lease: Lease, event: int, answer: Answer) -> None:
        await trio.lowlevel.checkpoint()
        assert lease is self.lease
        self.calls.append((event, answer))


async def test_position_and_answer_are_saved_at_an_interval_and_at_the_end(
    autojump_clock: MockClock,
) -> None:
    world = World([event(1), event(2), event(3)])
    delivery = world.delivery()
    assert delivery.lag == 0.0
    await delivery.run()
    assert world.sent == [1, 2, 3]
    ends = 1.5 + LINGER
    saves = [(at, 3, None, True) for at in range(4, int(ends) + 1, 2)]
    assert world.calls == [(SAVE_INTERVAL, 3, TAKEN, True), *saves, (ends, 3, None, False)]
    assert (delivery.seq, delivery.lag) == (3, 7.0)
    assert world.services.attempts == {"2xx": 3}
    wanted = EventFilter("clicks", ("coin",))
    assert world.pages == [(after, None, PAGE, wanted) for after in (0, 2)]


async def test_new_rows_are_gathered_before_they_are_read(autojump_clock: MockClock) -> None:
    world = World()
    delivery = world.delivery(seq=4)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(delivery.run)
        await trio.sleep(1)
        world.rows.append(event(5))
        world.news.advanced("harbour")
        await trio.sleep(GATHER / 2)
        assert len(world.pages) == 1
        await trio.sleep(GATHER)
        assert [after for after, *_ in world.pages] == [4, 4]
        await trio.sleep(0.7)
        nursery.cancel_scope.cancel()  # before the first save
    assert world.sent == [5]
    assert world.calls == [(pytest.approx(1.7 + 1.5 * GATHER), 5, TAKEN, False)]


async def test_lost_lease_ends_the_delivery_and_is_not_given_back(
    autojump_clock: MockClock,
) -> None:
    world = World(kept=False)
    await world.delivery(seq=4).run()
    assert world.calls == [(SAVE_INTERVAL, 4, None, True)]


@pytest.mark.parametrize(
    ("last_good", "ends"),
    [
        pytest.param(1.0, OWN_LEASE, id="no save"),
        pytest.param(SAVE_INTERVAL + 1.5, SAVE_INTERVAL + OWN_LEASE, id="one save"),
    ],
)
async def test_delivery_ends_with_its_lease(
    autojump_clock: MockClock, last_good: float, ends: float
) -> None:
    world = World(store_time=1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.delivery(seq=4).run)
        await trio.sleep(last_good)
        world.store_time = math.inf
    assert world.calls[-1] == (ends, 4, None, False)
    assert world.seconds() == ends + SAVE_INTERVAL, "the end is not waited for"


async def test_answer_that_arrives_during_a_save_is_saved_by_the_next_one(
    autojump_clock: MockClock,
) -> None:
    later = Answer(204, None, 0.5)
    world = World([event(1)], {2: [later]}, store_time=1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.delivery().run)
        await trio.sleep(SAVE_INTERVAL - GATHER - 0.25)
        world.rows.append(event(2))
        world.news.advanced("harbour")
        await trio.sleep(2 * SAVE_INTERVAL)
        nursery.cancel_scope.cancel()
    assert world.calls[:2] == [
        (SAVE_INTERVAL, 1, TAKEN, True), (2 * SAVE_INTERVAL + 1.0, 2, later, True),
    ]  # fmt: skip


async def test_failure_is_recorded_while_the_process_stops(autojump_clock: MockClock) -> None:
    world = World([event(1)], {1: [FAILED]}, store_time=1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.delivery().run)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert world.calls == [(0, FAILED, 1, 1.5)]
    assert world.seconds() == 1.5


@pytest.mark.parametrize(
    ("attempts", "bad", "seq", "pause"),
    [
        pytest.param(0, 1, 0, 1.5, id="first attempt"),
        pytest.param(2, 1, 0, 6.0, id="third attempt"),
        pytest.param(2, 2, 1, 1.5, id="the event after that of the attempts"),
    ],
)
async def test_failure_is_recorded_with_its_pause(
    autojump_clock: MockClock, attempts: int, bad: int, seq: int, pause: float
) -> None:
    world = World([event(1), event(2), event(3)], {bad: [FAILED]})
    await world.delivery(attempts=attempts).run()
    assert world.sent == list(range(1, bad + 1)), "later events wait"
    assert world.calls == [(seq, FAILED, bad, pause)]
    assert world.services.attempts["5xx"] == 1
    assert not world.services.dead


async def test_failure_that_cannot_be_recorded_in_time_ends_the_delivery(
    autojump_clock: MockClock,
) -> None:
    world = World([event(1)], {1: [FAILED]}, dead=True)
    delivery = world.delivery()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(delivery.run)
        await trio.sleep(0.2)  # the request is on its way
        await world.services.database.acquire()
    assert world.seconds() == pytest.approx(0.5 + SAVE_INTERVAL)
    assert world.sent == [1]
    assert world.calls == []
    assert not world.services.dead


@pytest.mark.parametrize(("age", "lag"), [(0.25, 0.25), (-3.0, 0.0)])
async def test_lag_is_the_age_of_the_last_event(
    autojump_clock: MockClock, age: float, lag: float
) -> None:
    world = World([event(1)], age=age)
    delivery = world.delivery()
    await delivery.run()
    assert delivery.lag == pytest.approx(lag)


async def test_dead_letters_are_counted_by_hunt(autojump_clock: MockClock) -> None:
    world = World([event(1)], {1: [FAILED]}, dead=True)
    delivery = world.delivery()
    world.services.dead["harbour"] = 4
    await delivery.run()
    assert world.services.dead == {"harbour": 5}


@pytest.mark.parametrize(
    ("answer", "dead", "retry_in"),
    [(FAILED, False, 1.6), (FAILED, True, None), (GONE, False, None)],
)
async def test_failure_is_logged_with_its_pause(
    autojump_clock: MockClock, answer: Answer, dead: bool, retry_in: float | None
) -> None:
    world = World([event(1)], {1: [answer]}, dead=dead, jitter=0.57)
    with capture_logs() as lines:
        await world.delivery().run()
    assert lines == [
        {
            "event": "webhook not delivered", "log_level": "warning", "hunt": "harbour",
            "webhook": 7, "seq": 1, "status": answer.status, "error": answer.error,
            "retry_in": retry_in, "dead": dead,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "error"),
    [({"sealed": True}, "its secret: no key"), ({"refused": "no address"}, "no address")],
)
async def test_delivery_that_cannot_begin_is_a_failure(
    autojump_clock: MockClock, options: dict[str, Any], error: str
) -> None:
    world = World([event(5)], **options)
    await world.delivery(seq=4).run()
    assert world.calls == [(4, Answer(None, error, 0.0), None, 1.5)]
    assert world.sent == []


async def test_dead_letters_are_sent_once_each_before_new_events(
    autojump_clock: MockClock,
) -> None:
    world = World([event(2), event(4), event(8)], {4: [FAILED]}, letters=[[2, 4, 6], []])
    await world.delivery(seq=7, replays=True).run()
    assert world.sent == [2, 4, 8]
    lost = Answer(None, "the log has lost this event", 0.0)
    assert world.calls[:3] == [(2, TAKEN), (4, FAILED), (6, lost)]
    anything = EventFilter("clicks")  # the filter may have changed since
    assert world.pages[:3] == [(1, 2, 1, anything), (3, 4, 1, anything), (5, 6, 1, anything)]
    assert world.services.attempts == {"2xx": 2, "5xx": 1}
    assert not world.services.dead
