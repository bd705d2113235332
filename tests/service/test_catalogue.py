from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
import trio
from trio.testing import MockClock

from hunt.core.hunts import Hunt
from hunt.errors import StoreUnavailable
from hunt.service.catalogue import Catalogue
from hunt.service.refresher import INTERVAL, RETRY_INTERVAL
from tests.support.hunts import PLAIN, START


class Watcher:
    """Notes the hunts that it is given."""

    def __init__(self) -> None:
        self.read: list[Hunt] = []
        self.known: list[Hunt | None] = []
        self.deleted: list[Hunt] = []

    def hunt_read(self, hunt: Hunt, known: Hunt | None) -> None:
        self.read.append(hunt)
        self.known.append(known)

    def hunt_deleted(self, hunt: Hunt) -> None:
        self.deleted.append(hunt)


async def test_deleted_hunt_is_removed_and_unreadable_one_is_kept(
    autojump_clock: MockClock,
) -> None:
    stored: dict[str, Hunt | None] = {"harbour": PLAIN}
    watcher = Watcher()

    async def read() -> Mapping[str, Hunt | None]:
        await trio.lowlevel.checkpoint()
        return stored

    catalogue = Catalogue(read)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(catalogue.run, watcher)
        await trio.sleep(INTERVAL + 1)
        assert (watcher.read, watcher.deleted) == ([PLAIN], [])
        stored = {"harbour": None}
        await trio.sleep(INTERVAL)
        assert catalogue.hunts == {"harbour": PLAIN}
        assert catalogue.epoch("harbour") == PLAIN.epoch
        stored = {}
        await trio.sleep(INTERVAL)
        assert (catalogue.hunts, watcher.deleted) == ({}, [PLAIN])
        assert catalogue.epoch("harbour") is None
        nursery.cancel_scope.cancel()


async def test_catalogue_follows_the_clock_of_the_database(autojump_clock: MockClock) -> None:
    async def read() -> Mapping[str, Hunt | None]:
        await trio.lowlevel.checkpoint()
        return {"harbour": replace(PLAIN, as_of=START + timedelta(hours=1))}

    catalogue = Catalogue(read)
    await catalogue.wait_read(Watcher())
    await trio.sleep(7)
    assert catalogue.now() == START + timedelta(hours=1, seconds=7)


async def test_answer_time_is_that_of_the_last_successful_read(
    autojump_clock: MockClock,
) -> None:
    away = True

    async def read() -> Mapping[str, Hunt | None]:
        await trio.lowlevel.checkpoint()
        if away:
            raise StoreUnavailable("away")
        return {"harbour": PLAIN}

    began = trio.current_time()
    catalogue = Catalogue(read)
    assert catalogue.answered_at == began
    async with trio.open_nursery() as nursery:
        nursery.start_soon(catalogue.run, Watcher())
        await trio.sleep(2 * INTERVAL + 1)
        assert (catalogue.answered_at, catalogue.faults["hunts"]) == (began, 2)
        away = False
        await trio.sleep(INTERVAL)
        assert catalogue.answered_at == began + 3 * INTERVAL
        nursery.cancel_scope.cancel()


async def test_first_read_is_repeated_until_it_succeeds(autojump_clock: MockClock) -> None:
    times: list[float] = []
    began = trio.current_time()

    async def read() -> Mapping[str, Hunt | None]:
        await trio.lowlevel.checkpoint()
        times.append(trio.current_time() - began)
        if len(times) < 3:
            raise StoreUnavailable("not yet")
        return {"harbour": PLAIN}

    catalogue = Catalogue(read)
    await catalogue.wait_read(Watcher())
    assert times == [0.0, RETRY_INTERVAL, 2 * RETRY_INTERVAL]
    assert catalogue.faults["hunts"] == 2


async def test_watcher_is_given_each_hunt_with_its_former_state(autojump_clock: MockClock) -> None:
    states = [PLAIN, replace(PLAIN, last_seq=4), replace(PLAIN, last_seq=5)]
    found: list[Hunt] = []

    class Looking(Watcher):
        def hunt_read(self, hunt: Hunt, known: Hunt | None) -> None:
            super().hunt_read(hunt, known)
            found.append(catalogue.hunts["harbour"])

    async def read() -> Mapping[str, Hunt | None]:
        await trio.lowlevel.checkpoint()
        return {"harbour": states[len(watcher.read)]}

    catalogue, watcher = Catalogue(read), Looking()
    for _ in states:
        await catalogue.wait_read(watcher)
    assert watcher.known == [None, *states[:2]]
    assert found == watcher.read == states, "the new state is known before the watcher is called"


@pytest.mark.parametrize("hunt", ["harbour", None])
async def test_change_is_read_at_once(autojump_clock: MockClock, hunt: str | None) -> None:
    times: list[float] = []
    began = trio.current_time()

    async def read() -> Mapping[str, Hunt | None]:
        await trio.lowlevel.checkpoint()
        times.append(trio.current_time() - began)
        return {"harbour": PLAIN}

    catalogue = Catalogue(read)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(catalogue.run, Watcher())
        await trio.sleep(0.5)
        catalogue.refresh_soon(hunt)
        await trio.sleep(INTERVAL + 0.1)
        nursery.cancel_scope.cancel()
    assert times == [0.5, 0.5 + INTERVAL]
