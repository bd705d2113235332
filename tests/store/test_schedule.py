"""Entries of the schedule: performed exactly once, in one transaction, by the database's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio

from hunt.core.definition import Definition, Prize, Step
from hunt.core.schedule import NewEntry, ScheduleEntry
from hunt.errors import (
    EntryNotFound,
    HuntNotFound,
    InvalidRequest,
    StoreError,
    WrongState,
)
from hunt.store import schedule as module
from hunt.store.audit import Audit, Entry
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.schedule import BY_SCHEDULE, Schedule
from tests.store.open_log import PLAIN, click, opened, rewards

LATER = datetime(2999, 1, 1, tzinfo=UTC)
CLOSED = replace(PLAIN, prizes=(Prize("coin", "Coin", 5, 1.0, 0, None),))


@asynccontextmanager
async def scheduled(
    database: str, definition: Definition = PLAIN, *, state: str = "open"
) -> AsyncIterator[tuple[Schedule, Hunts, Pool]]:
    async with opened(database, definition, state=state) as (_, pool):
        yield Schedule(pool), Hunts(pool), pool


async def add(schedule: Schedule, action: str, **fields: Any) -> ScheduleEntry:
    new = NewEntry(**({"at": LATER, "action": action} | fields))  # type: ignore[arg-type]
    return await schedule.add("harbour", new, actor="root")


async def come(pool: Pool, seconds: float = 1.0, number: int | None = None) -> None:
    """Make an entry due since some seconds, or all at one time."""
    async with pool.connection() as conn:
        await conn.execute(
            "update schedule set at = now() - make_interval(secs => %s)"
            " where state = 'waiting' and coalesce(id = %s, true)",
            (seconds, number),
        )


async def state(hunts: Hunts) -> str:
    hunt = await hunts.get("harbour")
    assert hunt is not None
    return hunt.state


async def audit(pool: Pool, action: str) -> list[Entry]:
    return [each for each in await Audit(pool).list(limit=1000) if each.action == action]


async def settle(schedule: Schedule, pool: Pool, action: str, **fields: Any) -> ScheduleEntry:
    """Add an entry that is due, and perform it."""
    await add(schedule, action, **fields)
    await come(pool)
    entry = await schedule.perform("harbour")
    assert entry is not None
    assert entry.settled_at is not None
    assert entry.late is not None
    assert entry.late >= 1
    assert await schedule.perform("harbour") is None
    return entry


async def test_draft_is_opened_paused_resumed_and_closed(database: str) -> None:
    async with scheduled(database, state="draft") as (schedule, hunts, pool):
        for action, after in (
            ("open", "open"), ("pause", "paused"), ("resume", "open"), ("close", "closed"),
        ):  # fmt: skip
            entry = await settle(schedule, pool, action)
            assert (entry.state, entry.reason) == ("done", None)
            assert await state(hunts) == after
        acts = await audit(pool, "closed")
        assert [each.actor for each in acts] == [BY_SCHEDULE]
        assert acts[0].detail == {"before": "open", "after": "closed"}
        [first, *_] = await audit(pool, "perform")
        assert first.detail["before"] == {"state": "waiting"}
        assert first.detail["after"]["state"] == "done"  # type: ignore[index]
        assert first.detail["entry"]["actor"] == "root"  # type: ignore[index]


@pytest.mark.parametrize(
    ("before", "action", "after", "reason"),
    [
        ("open", "open", "done", "open already"),
        ("open", "resume", "done", "open already"),
        ("draft", "resume", "failed", "is a draft"),
        ("draft", "pause", "failed", "is a draft"),
        ("draft", "close", "failed", "is a draft"),
    ],
)
async def test_act_without_effect_says_why(
    database: str, before: str, action: str, after: str, reason: str
) -> None:
    async with scheduled(database, state=before) as (schedule, hunts, pool):
        entry = await settle(schedule, pool, action)
        assert entry.state == after
        assert reason in (entry.reason or "")
        assert await state(hunts) == before


async def test_entry_of_an_ended_hunt_fails(database: str) -> None:
    async with scheduled(database) as (schedule, hunts, pool):
        await add(schedule, "announce", text="Soon.")
        await add(schedule, "pause")
        await hunts.close("harbour")
        await come(pool)
        for _ in range(2):
            entry = await schedule.perform("harbour")
            assert entry is not None
            assert entry.state == "failed"
            assert "has ended" in (entry.reason or "")
        with pytest.raises(WrongState):
            await add(schedule, "open")


async def test_announcement_is_made_and_withdrawn(database: str) -> None:
    async with scheduled(database) as (schedule, hunts, pool):
        for text in ("Ten more minutes.", None):
            assert (await settle(schedule, pool, "announce", text=text)).state == "done"
            hunt = await hunts.get("harbour")
            assert hunt is not None
            assert hunt.announcement is not None
            assert hunt.announcement.text == text


async def won(log: Log, clicks: int) -> list[str | None]:
    """Return the prizes of a batch of clicks that have drawn a coin."""
    batch = [click(prize="coin") for _ in range(clicks)]
    return [each.prize for each in rewards(await log.append("harbour", batch))]


async def test_release_lets_further_units_be_granted(database: str) -> None:
    async with opened(database, CLOSED) as (log, pool):
        assert await won(log, 1) == [None]
        entry = await settle(Schedule(pool), pool, "release", prize="coin", count=2)
        assert entry.state == "done"
        assert await won(log, 4) == ["coin", "coin", None, None]
        [version, _] = await Hunts(pool).versions("harbour")
        assert (version.actor, version.definition.prizes[0].stock) == (BY_SCHEDULE, 2)


async def test_release_of_steps_takes_effect_at_once(database: str) -> None:
    coin = Prize("coin", "Coin", 5, 1.0, 5, None, release=(Step(LATER, 5),))
    async with opened(database, replace(PLAIN, prizes=(coin,))) as (log, pool):
        assert await won(log, 1) == [None]
        entry = await settle(Schedule(pool), pool, "release", prize="coin", count=1)
        assert entry.state == "done"
        assert await won(log, 3) == ["coin", None, None]


async def test_release_that_no_longer_fits_fails_and_leaves_nothing(database: str) -> None:
    async with scheduled(database, CLOSED) as (schedule, hunts, pool):
        await add(schedule, "release", prize="coin", count=2)
        await hunts.apply(PLAIN, seed=b"", actor="root")  # without the prize
        await come(pool)
        entry = await schedule.perform("harbour")
        assert entry is not None
        assert (entry.state, entry.reason) == ("failed", "there is no prize 'coin'")
        assert len(await hunts.versions("harbour")) == 2


async def test_entries_are_settled_in_the_order_of_their_times(database: str) -> None:
    async with scheduled(database) as (schedule, _, pool):
        second = await add(schedule, "open")
        first = await add(schedule, "pause")
        third = await add(schedule, "pause")
        await come(pool, 5, second.id)
        await come(pool, 9, first.id)
        found = [await schedule.perform("harbour") for _ in range(3)]
        assert [each and each.id for each in found] == [first.id, second.id, None]
        assert [(each.id, each.state) for each in await schedule.entries("harbour")] == [
            (first.id, "done"), (second.id, "done"), (third.id, "waiting"),
        ]  # fmt: skip
        [due] = await schedule.due()
        assert due.hunt == "harbour"
        assert due.seconds > 3600


async def test_entries_of_one_time_are_settled_in_the_order_of_addition(database: str) -> None:
    async with scheduled(database) as (schedule, _, pool):
        added = [await add(schedule, action) for action in ("pause", "resume")]
        await come(pool)
        found = [await schedule.perform("harbour") for _ in added]
        assert [each and each.id for each in found] == [each.id for each in added]


async def test_hunts_are_due_by_the_time_of_their_first_entry(database: str) -> None:
    async with scheduled(database) as (schedule, hunts, pool):
        await hunts.apply(replace(PLAIN, id="river"), seed=bytes(32), actor="root")
        await add(schedule, "pause")
        soon = await add(schedule, "pause")
        sooner = await schedule.add("river", NewEntry(at=LATER, action="open"), actor="root")
        await come(pool, 1000, soon.id)
        await come(pool, 2000, sooner.id)
        due = [(each.hunt, each.seconds // -1000) for each in await schedule.due()]
        assert due == [("river", 2), ("harbour", 1)]


async def test_late_entry_is_performed_or_dropped_by_its_own_limit(database: str) -> None:
    async with scheduled(database) as (schedule, hunts, pool):
        entry = await add(schedule, "pause", within=60.0)
        await come(pool, 61, entry.id)
        [due] = await schedule.due()
        assert due.seconds < -60
        dropped = await schedule.perform("harbour")
        assert dropped is not None
        assert dropped.state == "dropped"
        assert "late" in (dropped.reason or "")
        assert await state(hunts) == "open"
        entry = await add(schedule, "pause", within=60.0)
        await come(pool, 30, entry.id)
        assert (await schedule.perform("harbour")).state == "done"  # type: ignore[union-attr]
        entry = await add(schedule, "open")
        await come(pool, 86400, entry.id)
        late = await schedule.perform("harbour")
        assert late is not None
        assert (late.state, round((late.late or 0) / 86400)) == ("done", 1)


async def test_entry_is_performed_once_by_many_processes(database: str) -> None:
    settled: list[ScheduleEntry] = []

    async def perform(schedule: Schedule) -> None:
        while any(each.seconds <= 0 for each in await schedule.due()):
            entry = await schedule.perform("harbour")
            if entry is not None:
                settled.append(entry)

    async with scheduled(database, CLOSED) as (schedule, hunts, pool):
        for _ in range(20):
            await add(schedule, "release", prize="coin", count=1)
        await come(pool)
        async with (
            open_pool(database, size=2) as other,
            open_pool(database, size=2) as third,
            trio.open_nursery() as nursery,
        ):
            for each in (pool, other, third):
                nursery.start_soon(perform, Schedule(each))
                nursery.start_soon(perform, Schedule(each))
        assert sorted(each.id for each in settled) == list(range(1, 21))
        hunt = await hunts.get("harbour")
        assert hunt is not None
        assert hunt.definition.prizes[0].stock == 20
        assert hunt.version == 21


async def test_process_killed_in_the_act_leaves_the_entry_to_another(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scheduled(database, CLOSED) as (schedule, hunts, pool):
        entry = await add(schedule, "release", prize="coin", count=1)
        await come(pool)
        with monkeypatch.context() as patch:
            # The session is lost after the act and before the entry is marked.
            patch.setattr(module, "SETTLE", "select pg_terminate_backend(pg_backend_pid())")
            with pytest.raises(StoreError):
                await schedule.perform("harbour")
        hunt = await hunts.get("harbour")
        assert hunt is not None
        assert hunt.version == 1, "neither act nor mark"
        async with open_pool(database, size=1) as other:
            settled = await Schedule(other).perform("harbour")
        assert settled is not None
        assert (settled.id, settled.state) == (entry.id, "done")
        assert len(await audit(pool, "perform")) == 1


async def test_entry_is_removed_until_it_is_settled(database: str) -> None:
    async with scheduled(database) as (schedule, hunts, pool):
        entry = await add(schedule, "pause")
        await come(pool, 1)  # due, but nobody has performed it yet
        removed = await schedule.remove("harbour", entry.id, actor="root")
        assert removed.id == entry.id
        assert await schedule.perform("harbour") is None
        assert await state(hunts) == "open"
        [record] = await audit(pool, "unschedule")
        assert (record.detail["before"]["id"], record.detail["after"]) == (entry.id, None)  # type: ignore[index]
        done = await settle(schedule, pool, "pause")
        with pytest.raises(WrongState, match="done already"):
            await schedule.remove("harbour", done.id, actor="root")
        with pytest.raises(EntryNotFound):
            await schedule.remove("harbour", 999, actor="root")


async def test_removal_and_act_at_once_have_one_winner(database: str) -> None:
    async with scheduled(database) as (schedule, hunts, pool):
        entry = await add(schedule, "pause")
        await come(pool)
        found: dict[str, object] = {}

        async def perform() -> None:
            found["settled"] = await schedule.perform("harbour")

        async def remove() -> None:
            try:
                found["removed"] = await schedule.remove("harbour", entry.id, actor="root")
            except WrongState:
                found["removed"] = None

        async with trio.open_nursery() as nursery:
            nursery.start_soon(perform)
            nursery.start_soon(remove)
        assert (found["settled"] is None) != (found["removed"] is None)
        assert await state(hunts) == ("open" if found["settled"] is None else "paused")


async def test_time_that_has_passed_is_refused(database: str) -> None:
    async with scheduled(database) as (schedule, _, _pool):
        past = datetime.now(UTC) - timedelta(seconds=1)
        with pytest.raises(InvalidRequest) as caught:
            await add(schedule, "open", at=past)
        assert list(caught.value.errors) == ["at"]
        assert await schedule.entries("harbour") == []


async def test_release_that_does_not_fit_is_refused_when_it_is_added(database: str) -> None:
    limited = replace(PLAIN, prizes=(Prize("coin", "Coin", 5, 1.0, 1, None),))
    async with scheduled(database, limited) as (schedule, _, _pool):
        with pytest.raises(WrongState, match="no prize"):
            await add(schedule, "release", prize="chest", count=1)
        with pytest.raises(WrongState, match="does not fit"):
            await add(schedule, "release", prize="coin", count=2**31 - 1)


async def test_number_of_entries_is_bounded(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    async with scheduled(database) as (schedule, _, pool):
        for _ in range(3):
            await settle(schedule, pool, "pause")
        await add(schedule, "open")
        await add(schedule, "open")
        with pytest.raises(WrongState, match="remove some"):
            await add(schedule, "open")
        assert [(each.id, each.state) for each in await schedule.entries("harbour")] == [
            (2, "done"), (3, "done"), (4, "waiting"), (5, "waiting"),
        ]  # fmt: skip


async def test_entry_is_not_removed_from_another_hunt(database: str) -> None:
    async with scheduled(database) as (schedule, hunts, _):
        await hunts.apply(replace(PLAIN, id="river"), seed=bytes(32), actor="root")
        entries = {
            hunt: await schedule.add(hunt, NewEntry(at=LATER, action="open"), actor="root")
            for hunt in ("harbour", "river")
        }
        for hunt, other in (("harbour", "river"), ("river", "harbour")):
            with pytest.raises(EntryNotFound):
                await schedule.remove(hunt, entries[other].id, actor="root")
            assert await schedule.entries(hunt) == [entries[hunt]]
        await schedule.remove("harbour", entries["harbour"].id, actor="root")
        assert await schedule.entries("river") == [entries["river"]]


async def test_every_process_is_notified_of_a_new_entry(database: str) -> None:
    async with (
        scheduled(database) as (schedule, _, _pool),
        Listener(database).listening(("hunt_hunts",)) as received,
    ):
        await add(schedule, "pause")
        with trio.fail_after(10):
            assert await anext(received) == ("hunt_hunts", "harbour")


async def test_unknown_hunt_has_no_schedule(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        schedule = Schedule(pool)
        with pytest.raises(HuntNotFound):
            await schedule.entries("nowhere")
        with pytest.raises(HuntNotFound):
            await schedule.add("nowhere", NewEntry(at=LATER, action="open"), actor="root")
        with pytest.raises(HuntNotFound):
            await schedule.remove("nowhere", 1, actor="root")
        assert await schedule.perform("nowhere") is None


async def test_entries_are_deleted_with_their_hunt(database: str) -> None:
    async with scheduled(database, state="draft") as (schedule, hunts, _):
        await add(schedule, "open")
        await hunts.delete("harbour")
        assert await schedule.due() == []
