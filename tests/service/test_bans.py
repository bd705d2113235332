"""The list of bans in a process."""

from __future__ import annotations

from datetime import UTC, datetime

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hunt.core.bans import Ban, BanList
from hunt.errors import StoreUnavailable
from hunt.service.bans import Bans
from hunt.service.refresher import INTERVAL, RETRY_INTERVAL

AT = datetime(2026, 11, 1, tzinfo=UTC)
BAN = Ban(
    id=1, player="ada", network=None, hunt=None, reason="", until=None, at=AT, actor="root"
)  # fmt: skip


class Stage:
    """A database with bans, and the ends of streams that they caused."""

    def __init__(self) -> None:
        self.stored: list[Ban] = []
        self.reads: list[float] = []
        self.fails = False
        self.ends: list[bool] = []  #: whether ada was banned by then
        self.list = BanList()
        self.bans = Bans(self.list, self.read, self.end_banned)

    async def read(self) -> list[Ban]:
        self.reads.append(trio.current_time())
        if self.fails:
            raise StoreUnavailable("no database")
        return list(self.stored)

    async def end_banned(self) -> None:
        self.ends.append(self.banned())

    def banned(self) -> bool:
        return self.list.concerns("harbour", player="ada", key=None)


async def test_new_ban_is_in_force_before_streams_end(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with trio.open_nursery() as nursery:
        await stage.bans.wait_read()
        assert stage.ends == [], "no bans change nothing"
        nursery.start_soon(stage.bans.run)
        await wait_all_tasks_blocked()
        assert not stage.banned()
        stage.stored.append(BAN)
        stage.bans.refresh_soon()
        await wait_all_tasks_blocked()
        assert stage.banned()
        assert stage.ends == [True]
        for _ in range(2):  # the same bans change nothing
            await trio.sleep(1.5 * INTERVAL)
        assert stage.ends == [True]
        stage.stored.clear()
        await trio.sleep(1.5 * INTERVAL)
        assert not stage.banned()
        assert stage.ends == [True, False]
        nursery.cancel_scope.cancel()


async def test_last_bans_stay_in_force_while_they_cannot_be_read(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage.stored.append(BAN)
    await stage.bans.wait_read()
    assert stage.bans.faults == {"bans": 0}
    stage.fails = True
    with trio.move_on_after(2.5 * INTERVAL):
        await stage.bans.run()
    assert stage.banned()
    assert stage.bans.faults == {"bans": 2}
    assert stage.ends == [True]


async def test_start_waits_for_the_bans(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage.fails = True
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.bans.wait_read)
        await trio.sleep(2.5 * RETRY_INTERVAL)
        stage.fails = False
    assert [at - began for at in stage.reads] == [each * RETRY_INTERVAL for each in range(4)]
