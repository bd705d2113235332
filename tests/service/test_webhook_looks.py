"""Times at which a process looks at the endpoints of webhooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import trio
from msgspec.structs import replace
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.webhooks import Lease, WebhookState
from hunt.errors import SealError, StoreUnavailable
from hunt.service.log_news import LogNews
from hunt.service.webhooks import LEAST, MOST, MOST_CHANGES, Webhooks
from tests.service.test_webhook_lag import STATE, WEBHOOK

IDLE = replace(STATE, behind=0)
CHANGES = replace(WEBHOOK, log="changes")


class Looks:
    """A process, the times at which it looks, and what it finds."""

    def __init__(self, *states: WebhookState) -> None:
        self.states = list(states)
        self.began = trio.current_time()
        self.times: list[float] = []  # since it began
        self.fails = False
        self.leases: list[Lease] = []  # of the next look
        self.delivered: list[Lease] = []
        self.during: Callable[[], None] = lambda: None  # happens while it looks
        self.news = {log: LogNews() for log in ("rewards", "changes")}
        services = SimpleNamespace(
            database=trio.CapacityLimiter(1),
            jitter=lambda: 0.5,
            logs={log: SimpleNamespace(news=news) for log, news in self.news.items()},
            attempts=Counter(),
            dead=Counter(),
            unseal=self.unseal,
            leases=self,
        )
        self.webhooks = Webhooks(self.claim, services)  # type: ignore[arg-type]

    async def claim(self) -> tuple[list[Lease], list[WebhookState]]:
        await trio.lowlevel.checkpoint()
        self.times.append(trio.current_time() - self.began)
        self.during()
        if self.fails:
            raise StoreUnavailable("gone")
        leases, self.leases = self.leases, []
        return leases, self.states

    def unseal(self, lease: Lease) -> NoReturn:
        raise SealError("no key")

    async def failed(self, lease: Lease, *args: object, **options: object) -> bool:
        await trio.lowlevel.checkpoint()
        self.delivered.append(lease)
        return False


async def run(looks: Looks, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await looks.webhooks.run()


@pytest.mark.parametrize(
    ("states", "pause"),
    [
        pytest.param([IDLE], MOST, id="idle"),
        pytest.param([replace(IDLE, webhook=CHANGES)], MOST_CHANGES, id="changes"),
        pytest.param([STATE], 0.75, id="work"),
        pytest.param([replace(STATE, stopped="operator")], MOST, id="stopped"),
        pytest.param([replace(IDLE, replays=1)], 0.75, id="dead letters"),
        pytest.param([replace(STATE, paused_for=3.0)], 3.1, id="paused"),
        pytest.param([replace(STATE, paused_for=100.0)], MOST, id="paused for long"),
        pytest.param([replace(STATE, held_for=2.0, paused_for=1.0)], 2.3, id="lease of another"),
        pytest.param([replace(STATE, held_for=100.0)], MOST, id="long lease of another"),
        pytest.param([replace(STATE, paused_for=3.0), STATE, IDLE], 0.75, id="soonest of several"),
        pytest.param([replace(STATE, stopped="operator"), STATE], 0.75, id="stopped, then work"),
    ],
)
async def test_pause_between_two_looks(
    autojump_clock: MockClock, states: list[WebhookState], pause: float
) -> None:
    looks = Looks(*states)
    await run(looks, 2 * (LEAST + pause) + 0.05)
    assert looks.times == pytest.approx([0, LEAST + pause, 2 * (LEAST + pause)])


async def test_failed_delivery_is_counted_and_logged_with_its_endpoint() -> None:
    looks = Looks(IDLE)

    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise ExceptionGroup("", [StoreUnavailable("gone"), StoreUnavailable("away")])

    delivery = SimpleNamespace(lease=SimpleNamespace(webhook=WEBHOOK), run=fail)
    with capture_logs() as lines:
        for _ in range(2):
            await looks.webhooks._deliver(delivery)  # type: ignore[arg-type]
    assert looks.webhooks.faults["delivery"] == 2
    assert [(each["event"], each["hunt"], each["webhook"], each["error"]) for each in lines] == [
        ("webhook delivery failed", WEBHOOK.hunt, WEBHOOK.id, "gone; away")
    ] * 2


async def test_endpoints_are_looked_at_again_after_a_delivery(autojump_clock: MockClock) -> None:
    looks = Looks(IDLE)
    looks.leases = [
        Lease(webhook=replace(WEBHOOK, id=id_), holder="own", seq=5, attempts=0, replays=False)
        for id_ in (7, 8)
    ]
    expected = list(looks.leases)
    await run(looks, 5)
    assert sorted(looks.delivered, key=lambda lease: lease.webhook.id) == expected
    assert looks.times == pytest.approx([0, LEAST])
    assert looks.webhooks._deliveries == {}


async def test_process_without_endpoints_does_not_look_again(autojump_clock: MockClock) -> None:
    looks = Looks()
    await run(looks, 1000)
    assert looks.times == [0]
    assert dict(looks.webhooks.faults) == {"look": 0, "delivery": 0}


async def test_pauses_after_failed_looks_grow_until_one_succeeds(autojump_clock: MockClock) -> None:
    looks = Looks(IDLE)
    looks.fails = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(looks.webhooks.run)
        await trio.sleep(50)
        pauses = [later - earlier - LEAST for earlier, later in pairwise(looks.times)]
        assert pauses == pytest.approx([1, 1.5, 2.5, 4.5] + 7 * [5.5])
        assert looks.webhooks.faults == {"look": len(looks.times), "delivery": 0}
        looks.fails = False
        looks.webhooks.look_soon()
        await trio.sleep(1)
        looks.fails = True
        looks.webhooks.look_soon()
        await trio.sleep(2)
        assert looks.times[-1] - looks.times[-2] == pytest.approx(1 + LEAST)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("log", ["rewards", "changes"])
async def test_log_of_an_idle_endpoint_that_grows_is_looked_at(
    autojump_clock: MockClock, log: str
) -> None:
    looks = Looks(replace(IDLE, webhook=replace(WEBHOOK, log=log)))
    grow = {"rewards": looks.webhooks.advanced, "changes": looks.webhooks.rewards_changed}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(looks.webhooks.run)
        await trio.sleep(1)
        grown = looks.news[log].next("harbour")
        for name in ("rewards", "changes"):
            grow[name]("river")
        grow["changes" if log == "rewards" else "rewards"]("harbour")
        await trio.sleep(1)
        assert looks.times == [0], "the logs of others"
        assert not grown.is_set()
        grow[log]("harbour")
        assert grown.is_set(), "deliveries read the log"
        await trio.sleep(1)
        assert looks.times == pytest.approx([0, 2])
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("hunt", "times"), [("harbour", [0, LEAST]), ("river", [0])])
async def test_log_that_grew_during_a_look_is_looked_at_again(
    autojump_clock: MockClock, hunt: str, times: list[float]
) -> None:
    looks = Looks(IDLE)
    looks.during = lambda: len(looks.times) == 1 and looks.webhooks.advanced(hunt)  # type: ignore[assignment,func-returns-value]
    await run(looks, MOST - 1)
    assert looks.times == pytest.approx(times)


async def test_log_that_grows_twice_is_looked_at_once(autojump_clock: MockClock) -> None:
    looks = Looks(IDLE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(looks.webhooks.run)
        await trio.sleep(1)
        looks.webhooks.advanced("harbour")
        looks.states = [STATE]  # the next look finds work
        looks.during = lambda: looks.webhooks.advanced("harbour")
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    assert looks.times == pytest.approx([0, 1])


async def test_log_of_a_stopped_endpoint_that_grows_is_not_looked_at(
    autojump_clock: MockClock,
) -> None:
    looks = Looks(replace(STATE, stopped="operator"))
    looks.during = lambda: looks.webhooks.advanced("harbour")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(looks.webhooks.run)
        await trio.sleep(1)
        looks.webhooks.advanced("harbour")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert looks.times == [0]


@pytest.mark.parametrize(
    ("state", "woken", "cancelled"),
    [
        (replace(STATE, holder="own"), True, False),
        (replace(STATE, holder="own", behind=2), False, False),  # it has all of them
        (replace(STATE, holder="another", held_for=5.0), False, True),
        (replace(STATE, holder=None), False, True),
    ],
)
async def test_delivery_is_woken_or_ended_by_a_look(
    autojump_clock: MockClock, state: WebhookState, *, woken: bool, cancelled: bool
) -> None:
    looks = Looks(state)
    ended: list[bool] = []
    delivery: Any = SimpleNamespace(
        lease=SimpleNamespace(holder="own"), seq=7, cancel=lambda: ended.append(True)
    )
    looks.webhooks._deliveries[WEBHOOK.id] = delivery
    grown = looks.news["rewards"].next("harbour")
    await run(looks, 0.05)
    assert (grown.is_set(), bool(ended)) == (woken, cancelled)
    assert looks.webhooks.states == {WEBHOOK.id: (state, looks.began)}


async def test_delivery_of_one_endpoint_does_not_hide_the_work_of_the_next(
    autojump_clock: MockClock,
) -> None:
    looks = Looks(replace(STATE, holder="own"), replace(STATE, webhook=replace(WEBHOOK, id=8)))
    delivery: Any = SimpleNamespace(lease=SimpleNamespace(holder="own"), seq=7)
    looks.webhooks._deliveries[WEBHOOK.id] = delivery
    await run(looks, 1)
    assert looks.times == pytest.approx([0, LEAST + 0.75])
