from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.hunts import Hunt
from hunt.errors import StoreUnavailable
from hunt.service.ending import Ending
from tests.support.hunts import PLAIN, START, closing


class Store:
    """Ends hunts as the database does, by a clock that is `late` against the estimate.

    Both clocks begin at `START`, when the store is made.
    """

    def __init__(self, hunts: list[Hunt], *, late: float = 0.0) -> None:
        self.hunts = dict(enumerate(hunts))
        self.ended: list[float] = []
        self.told: list[str] = []
        self.asked = 0
        self.named = set[str]()
        self.away = False
        self._late = late
        self._began = trio.current_time()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        return trio.current_time() - self._began

    async def end_due(self, hunt: str) -> bool:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        self.named.add(hunt)
        if self.away:
            raise StoreUnavailable("away")
        for number, each in self.hunts.items():
            if each.is_due(self.now() - timedelta(seconds=self._late)):
                self.hunts[number] = replace(each, state="closed", ended_at=self.now())
                self.ended.append(self.seconds())
                return True
        return False

    def ending(self) -> Ending:
        return Ending(
            hunts=self.hunts.values, now=self.now, end_due=self.end_due, ended=self.told.append,
            jitter=lambda: 0.5,
        )  # fmt: skip


@pytest.mark.parametrize("late", [0.0, 0.5])
async def test_end_is_requested_once_after_closes_at(
    autojump_clock: MockClock, late: float
) -> None:
    store = Store([closing(10.5), closing(20.25), closing(5, state="draft"), PLAIN], late=late)
    with capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.ending().run)
            await trio.sleep(10.4)
            assert store.asked == 0, "nothing was due"
            await trio.sleep(20)
            nursery.cancel_scope.cancel()
    assert [10.5 + late <= store.ended[0] <= 11.7, 20.25 + late <= store.ended[1] <= 21.4] == [
        True, True,
    ]  # fmt: skip
    assert len(store.ended) == 2
    assert store.told == ["harbour", "harbour"]
    assert store.named == {"harbour"}
    assert [(each["event"], each["hunt"], each["by"]) for each in lines] == [
        ("hunt ended", "harbour", "closes_at")
    ] * 2


async def test_end_is_retried_while_the_store_is_unavailable(autojump_clock: MockClock) -> None:
    store = Store([closing(1)])
    store.away = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.ending().run)
        await trio.sleep(30)
        assert store.asked > 10
        store.away = False
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    assert len(store.ended) == 1


@pytest.mark.parametrize(
    ("hunts", "pause"),
    [
        ([], 0.95),
        ([closing(30)], 0.95),
        ([closing(0.4), closing(0.6)], 0.45),
        ([closing(-5), closing(0.4)], 0.45),
        ([closing(0)], 0.95),
        ([closing(0.4, state="paused")], 0.45),
        ([closing(0.4, state="draft")], 0.95),
    ],
)
async def test_pause_lasts_until_the_next_hunt_is_due(
    hunts: list[Hunt], pause: float, autojump_clock: MockClock
) -> None:
    store = Store(hunts)
    ending = store.ending()
    assert ending._pause() == pytest.approx(pause)


async def test_failed_end_is_counted(autojump_clock: MockClock) -> None:
    store = Store([closing(0.5)])
    store.away = True
    ending = store.ending()
    with trio.move_on_after(3):
        await ending.run()
    assert ending.faults["end"] == store.asked >= 2
    assert store.told == []
