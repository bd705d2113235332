"""Erasure of players, and retention: fields of claims, and players after the end of a hunt."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import trio

from hunt.core.claims import Claim, ClaimField
from hunt.core.definition import Prize, Quota
from hunt.store.audit import Audit
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from hunt.store.log import Log
from hunt.store.players import Players
from hunt.store.retention import Retention
from hunt.store.reward_states import RewardStates
from tests.store.open_log import PLAIN, click, opened
from tests.store.test_state_changes import patiently

FORM = Claim((ClaimField("email", "E-mail", "email"),))
KEPT = replace(
    PLAIN,
    cooldown=0.001,
    max_wins=Quota(9, "hunt"),
    prizes=(Prize("coin", "Coin", 5, 0.5, 9, 3, claim=FORM),),
)

#: Every column that may hold the id of a player, or what a player sent.
PLACES = """
    select player from rewards union select player from standings
    union select player from player_prizes union select player from player_periods
    union select player from player_clicks union select player from rejected
    union select detail::text from audit union select actor from reward_changes
    union select reason from reward_changes
"""


async def only(pool: Pool, query: str) -> list[object]:
    async with pool.connection() as conn:
        return [each for (each,) in await (await conn.execute(query.encode())).fetchall()]


async def played(log: Log, pool: Pool) -> None:
    """Fill every table with rows of two players."""
    for player in ("ada", "bob"):
        await log.append("harbour", [click(player, "coin")])
    await log.reject("harbour", click("ada"), "odd")
    await StoredLeaderboard(pool).add_up("harbour")
    for seq, player in ((1, "ada"), (2, "bob")):
        await RewardStates(pool).claim("harbour", player, seq, FORM, b"sealed")
    await RewardStates(pool).change("harbour", "sent", actor="eve", seqs=[2])


async def test_erasure_removes_id_positions_and_fields(database: str) -> None:
    async with opened(database, KEPT) as (log, pool):
        await played(log, pool)
        assert "ada" in await only(pool, PLACES)
        pseudonym, clicks = await Players(pool).erase("ada", actor="root")
        assert clicks == 1
        found = await only(pool, PLACES)
        assert not [each for each in found if re.search(r"\bada\b", str(each))]
        assert {pseudonym, "bob"} <= set(found)
        assert await only(pool, "select seq from claims") == [2]
        for table in ("rewards", "rejected"):
            positions = await only(pool, f"select x from {table} where player = '{pseudonym}'")
            assert positions == [None], table
        assert await only(pool, "select x from rewards where player = 'bob'") == [1.5]
        [row] = await log.history("harbour", pseudonym, 0, 9)
        assert (row.x, row.y, row.state) == (None, None, "claimed")


async def test_erasure_keeps_the_claims_of_other_hunts(database: str) -> None:
    async with opened(database, KEPT) as (log, pool):
        await Hunts(pool).apply(replace(KEPT, id="river"), seed=bytes(32), actor="test")
        await Hunts(pool).open("river")
        for hunt, player in (("harbour", "ada"), ("river", "bob")):
            await log.append(hunt, [click(player, "coin")])
            await RewardStates(pool).claim(hunt, player, 1, FORM, b"sealed")
        await Players(pool).erase("ada", actor="root")
        assert await only(pool, "select h.id from claims c join hunts h on h.number = c.hunt") == [
            "river"
        ]


async def erase_during(pool: Pool, statement: str) -> int:
    """Erase a player while a transaction has run a statement; return the number of clicks."""
    clicks: list[int] = []

    async def erase() -> None:
        _, found = await patiently(lambda: Players(pool).erase("ada", actor="root"))
        clicks.append(found)

    waits = (
        "select count(*) > 0 from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )
    async with trio.open_nursery() as nursery, pool.transaction() as conn:
        await conn.execute(statement.encode())
        nursery.start_soon(erase)
        with trio.fail_after(20):
            while not clicks and await only(pool, waits) == [False]:
                await trio.lowlevel.checkpoint()
    return clicks[0]


#: The statements of `hunt_add_up` up to the one that records how far it came.
BEGUN = """
    select from standings_upto for update;
    insert into standings (hunt, player, points, wins, seq)
    select hunt, player, points, 1, seq from rewards;
"""


@pytest.mark.parametrize(
    ("earlier", "added"),
    [(0, "select hunt_add_up('harbour', 9)"), (1, "select hunt_add_up('harbour', 9)"), (1, BEGUN)],
    ids=["first", "next", "begun"],
)
async def test_erasure_waits_until_its_rows_are_on_the_leaderboard(
    database: str, earlier: int, added: str
) -> None:
    async with opened(database, KEPT) as (log, pool):
        for _ in range(earlier):
            await StoredLeaderboard(pool).add_up("harbour")
        await log.append("harbour", [click("ada", "coin")])
        assert await erase_during(pool, added) == 1
        [name] = await only(pool, "select player from standings")
        assert name == (await only(pool, "select player from rewards"))[0] != "ada"


@pytest.mark.parametrize("earlier", [0, 1], ids=["first", "next"])
async def test_second_erasure_of_a_player_waits_and_finds_no_clicks(
    database: str, earlier: int
) -> None:
    async with opened(database, KEPT) as (log, pool):
        for _ in range(earlier):
            await StoredLeaderboard(pool).add_up("harbour")
        await log.append("harbour", [click("ada", "coin")])
        first = "select hunt_erase(number, 'ada', 'erased-1') from hunts"
        assert await erase_during(pool, first) == 0
        assert await only(pool, "select player from rewards") == ["erased-1"]
        assert await only(pool, "select seq from erased_leaves") == [1]


@pytest.mark.parametrize(
    "unproven",
    [
        "update hunts set algorithm = 1, head = null, player_key = null, public_hash = null",
        "update rewards set x = null, y = null",
    ],
    ids=["hunt without a chain", "row without a position"],
)
async def test_erasure_keeps_no_leaf_of_a_row_without_a_proof(database: str, unproven: str) -> None:
    async with opened(database, KEPT) as (log, pool):
        await log.append("harbour", [click("ada", "coin")])
        async with pool.connection() as conn:
            await conn.execute(unproven.encode())
        assert (await Players(pool).erase("ada", actor="root"))[1] == 1
        assert await only(pool, "select leaf from erased_leaves") == []


async def test_fields_are_deleted_when_their_time_is_over(database: str) -> None:
    async with opened(database, KEPT) as (log, pool):
        await played(log, pool)
        retention, audit = Retention(pool), Audit(pool)
        before = await audit.list()
        assert await retention.apply() == (0, 0)
        await only(
            pool, "update claims set expires_at = clock_timestamp() where seq = 1 returning 1"
        )
        assert await retention.apply() == (1, 0)
        assert await only(pool, "select seq from claims") == [2]
        [entry] = (await audit.list())[: -len(before)]
        assert (entry.actor, entry.action, entry.hunt) == ("hunt (retain)", "retain", "harbour")
        assert entry.detail == {"before": {"claims": 1}, "after": {"claims": 0}, "seqs": [1]}
        assert await retention.apply() == (0, 0)
        assert len(await audit.list()) == len(before) + 1


async def test_claim_sets_when_its_fields_are_deleted(database: str) -> None:
    async with opened(database, KEPT) as (log, pool):
        await log.append("harbour", [click("ada", "coin")])
        form = replace(FORM, retain=timedelta(hours=2))
        for _ in range(2):
            await RewardStates(pool).claim("harbour", "ada", 1, form, b"sealed")
            [left] = await only(pool, "select expires_at - clock_timestamp() from claims")
            assert timedelta(minutes=119) < left <= timedelta(hours=2)  # type: ignore[operator]
            await only(pool, "update claims set expires_at = clock_timestamp() returning 1")


async def test_players_are_erased_after_the_end_and_the_retention(database: str) -> None:
    hunt = replace(KEPT, retain=timedelta(days=30))
    async with opened(database, hunt) as (log, pool):
        await played(log, pool)
        retention = Retention(pool)
        await only(pool, "update retention set keep = interval '0' returning 1")
        assert await retention.apply() == (0, 0), "the hunt has not ended"
        await only(pool, "update retention set keep = interval '30 days' returning 1")
        await Hunts(pool).close("harbour")
        assert await retention.apply() == (0, 0), "the time is not over"
        await only(pool, "update retention set keep = interval '0' returning 1")
        assert await retention.apply(most=1) == (0, 1)
        assert await retention.apply(most=1) == (0, 1)
        for _ in range(3):  # two pseudonyms that it meets, and the end
            assert await retention.apply(most=1) == (0, 0)
        found = await only(pool, PLACES)
        assert not [each for each in found if each in {"ada", "bob"}]
        assert await only(pool, "select seq from claims") == []
        assert await only(pool, "select x from rewards") == [None, None]
        assert await only(pool, "select x from rejected") == [None]
        players = await only(pool, "select distinct player from rewards")
        assert len(players) == 2, "each player has a pseudonym of their own"
        [entry] = [each for each in await Audit(pool).list() if each.action == "retain"]
        assert entry.detail["before"] == {"players": 2, "clicks": 2}
        assert await only(pool, "select done_at is not null from retention") == [True]


async def test_hunt_without_retention_keeps_its_players(database: str) -> None:
    async with opened(database, replace(KEPT, retain=timedelta(days=30))) as (log, pool):
        await played(log, pool)
        await Hunts(pool).apply(KEPT, seed=b"", actor="test")
        assert await only(pool, "select hunt from retention") == []
        await Hunts(pool).close("harbour")
        assert await Retention(pool).apply() == (0, 0)
        assert "ada" in await only(pool, PLACES)


async def test_one_process_at_a_time_applies_retention(database: str) -> None:
    async with opened(database, KEPT) as (log, pool):
        await played(log, pool)
        await only(pool, "update claims set expires_at = clock_timestamp() returning 1")
        async with pool.transaction() as conn:
            await conn.execute(
                "select pg_advisory_xact_lock(hashtextextended('hunt retention', 0))"
            )
            with trio.fail_after(5):
                assert await Retention(pool).apply() == (0, 0)
        assert await Retention(pool).apply() == (2, 0)
