"""Bans in the database: which are in force, which is replaced, and what the audit trail says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import trio

from hunt.core.bans import Ban
from hunt.errors import BanNotFound, HuntNotFound
from hunt.store.audit import Audit
from hunt.store.bans import NewBan, StoredBans
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from tests.store.open_log import PLAIN, click, opened


async def execute(pool: Pool, statement: str) -> list[Any]:
    async with pool.connection() as conn:
        return await (await conn.execute(statement.encode())).fetchall()


async def over(pool: Pool, ban: Ban, ago: str) -> None:
    """Make a ban end some time ago."""
    ended = f"update bans set until = clock_timestamp() - interval '{ago}' where id = {ban.id}"
    assert len(await execute(pool, f"{ended} returning id")) == 1


async def trail(pool: Pool) -> list[tuple[str | None, str | None]]:
    """Return the reasons before and after each change of bans, oldest first."""
    found: list[tuple[str | None, str | None]] = []
    for entry in reversed(await Audit(pool).list()):
        detail: dict[str, Any] = entry.detail
        if entry.action == "ban":
            before, after = detail["before"], detail["after"]
            found.append((before and before["reason"], after["reason"]))
    return found


async def test_bans_in_force_are_read_oldest_first(database: str) -> None:
    async with opened(database) as (_, pool):
        bans = StoredBans(pool)
        endless = await bans.add(NewBan(player="zoe"), actor="root")
        ended = await bans.add(NewBan(player="bob", seconds=60), actor="root")
        short = await bans.add(NewBan(network="203.0.113.7/32", seconds=60), actor="root")
        await over(pool, ended, "1 second")
        assert await bans.read() == [endless, short]


async def test_ban_that_is_over_is_kept_for_a_day(database: str) -> None:
    async with opened(database) as (_, pool):
        bans = StoredBans(pool)
        early = await bans.add(NewBan(player="ada", seconds=60), actor="root")
        late = await bans.add(NewBan(player="bob", seconds=60), actor="root")
        await over(pool, early, "25 hours")
        await over(pool, late, "23 hours")
        added = await bans.add(NewBan(player="zoe"), actor="root")
        kept = await execute(pool, "select id from bans order by id")
        assert kept == [(late.id,), (added.id,)]


async def test_ban_replaces_that_of_the_same_client_in_the_same_hunts(database: str) -> None:
    async with opened(database) as (_, pool):
        bans = StoredBans(pool)
        first = NewBan(player="ada", hunt="harbour", reason="one", seconds=60)
        others = [
            NewBan(player="ada", reason="everywhere"),
            NewBan(player="bob", hunt="harbour", reason="bob"),
            NewBan(network="203.0.113.7/32", hunt="harbour", reason="network"),
            NewBan(network="203.0.113.8/32", hunt="harbour", reason="other network"),
        ]
        old = await bans.add(first, actor="root")
        kept = [await bans.add(each, actor="root") for each in others]
        again = NewBan(player="ada", hunt="harbour", reason="two")
        new = await bans.add(again, actor="eve")
        assert (new.id, new.reason, new.until, new.actor) == (old.id, "two", None, "eve")
        assert new.at > old.at
        assert await bans.read() == [new, *kept]
        reasons = [None, "one", "everywhere", "bob", "network", "other network"]
        assert await trail(pool) == [*((None, each) for each in reasons[1:]), ("one", "two")]


async def test_lifted_ban_leaves_the_others(database: str) -> None:
    async with opened(database) as (_, pool):
        bans = StoredBans(pool)
        one, two = [await bans.add(NewBan(player=each), actor="root") for each in ("ada", "bob")]
        with pytest.raises(BanNotFound):
            await bans.remove(one.id, actor="root", hunts=["harbour"])
        assert await bans.remove(one.id, actor="root") == one
        assert await bans.read() == [two]
        with pytest.raises(HuntNotFound):
            await bans.add(NewBan(player="ada", hunt="nowhere"), actor="root")


async def test_every_process_is_notified_of_a_ban_and_of_its_end(database: str) -> None:
    async with (
        opened(database) as (_, pool),
        Listener(database).listening(("hunt_hunts",)) as received,
    ):
        bans = StoredBans(pool)
        with trio.fail_after(10):
            ban = await bans.add(NewBan(player="ada"), actor="root")
            assert await anext(received) == ("hunt_hunts", "")
            await bans.remove(ban.id, actor="root")
            assert await anext(received) == ("hunt_hunts", "")


async def test_ban_from_all_hunts_voids_the_rewards_of_all(database: str) -> None:
    async with opened(database) as (log, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(PLAIN, id="river"), seed=b"r" * 32, actor="test")
        await hunts.open("river")
        for hunt in ("harbour", "river"):
            await log.append(hunt, [click("ada", "coin"), click("bob", "coin")])
        new = NewBan(player="ada")
        assert await StoredBans(pool).void(new, actor="root") == 2
        assert await StoredBans(pool).void(new, actor="root") == 0
        for hunt in ("harbour", "river"):
            assert await voided(pool, hunt) == ["ada"]


async def test_win_of_a_click_that_was_on_its_way_is_void(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.store.bans.OBEYED", 3.0)
    numbers: list[int] = []

    async def void() -> None:
        numbers.append(await StoredBans(pool).void(NewBan(player="ada"), actor="root"))

    async with opened(database) as (log, pool):
        await log.append("harbour", [click("ada", "coin")])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(void)
            with trio.fail_after(10):
                while await voided(pool, "harbour") != ["ada"]:
                    pass
            await log.append("harbour", [click("ada", "coin")])
        assert numbers == [2]
        assert await voided(pool, "harbour") == ["ada", "ada"]


async def voided(pool: Pool, hunt: str) -> list[str]:
    """Return the players of a hunt's void rewards."""
    rows = await execute(
        pool,
        "select r.player from rewards r join hunts h on h.number = r.hunt"
        f" where h.id = '{hunt}' and hunt_reward_state(r.hunt, r.seq) = 'void' order by r.seq",
    )
    return [player for (player,) in rows]
