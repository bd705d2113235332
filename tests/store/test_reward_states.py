"""States of rewards: claims, sent, void; stock, points and release plans after a void."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import trio

from hunt.core.claims import Claim, ClaimField
from hunt.core.definition import Prize, Step
from hunt.core.leaderboard import LeaderboardEntry as Entry
from hunt.store.audit import Audit
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from hunt.store.reward_states import CLAIMED, FINAL, LATE, MISSING, Asked, RewardStates
from tests.store.open_log import PLAIN, click, opened, rewards
from tests.support.words import has_word

FORM = Claim((ClaimField("email", "E-mail", "email"),))
ASKS = replace(
    PLAIN,
    prizes=(
        Prize("coin", "Coin", 5, 0.5, 2, None),
        Prize("voucher", "Voucher", 9, 0.5, 3, 2, claim=FORM),
    ),
)


async def only(pool: Pool, query: str) -> list[object]:
    async with pool.connection() as conn:
        return [each for (each,) in await (await conn.execute(query.encode())).fetchall()]


async def granted(pool: Pool, prize: str) -> object:
    return (await only(pool, f"select granted from prizes where id = '{prize}'"))[0]


async def test_reward_is_claimed_by_its_player_only(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        states = RewardStates(pool)
        await log.append("harbour", [click("ada", "voucher"), click("ada")])
        assert await states.claim("harbour", "bob", 1, FORM, b"x") == (MISSING, None)
        assert await states.claim("harbour", "ada", 2, FORM, b"x") == (MISSING, None)
        assert await states.claim("harbour", "ada", 3, FORM, b"x") == (MISSING, None)
        assert await states.claim("harbour", "ada", 1, FORM, b"x") == (CLAIMED, "claimed")
        assert await states.claim("harbour", "ada", 1, FORM, b"y") == (CLAIMED, "claimed")
        found = await states.get("harbour", 1)
        assert found is not None
        assert (found.reward.state, found.sealed) == ("claimed", b"y")
        [change] = await states.history("harbour", 1)
        assert (change.number, change.state, change.actor) == (1, "claimed", None)
        [first, nothing] = await log.history("harbour", "ada", 0, 9)
        assert (first.state, nothing.state) == ("claimed", None)
        assert await states.get("harbour", 2) is None
        assert await states.get("nowhere", 1) is None


@pytest.mark.parametrize(
    ("until", "verdict"),
    [
        (timedelta(hours=1), CLAIMED),
        (timedelta(microseconds=1), LATE),
        (datetime(2100, 1, 1, tzinfo=UTC), CLAIMED),
        (datetime(2020, 1, 1, tzinfo=UTC), LATE),
    ],
)
async def test_deadline_is_by_the_clock_of_the_database(
    database: str, until: timedelta | datetime, verdict: int
) -> None:
    async with opened(database, ASKS) as (log, pool):
        states = RewardStates(pool)
        await log.append("harbour", [click("ada", "voucher")])
        form = replace(FORM, until=until)
        assert (await states.claim("harbour", "ada", 1, form, b"x"))[0] == verdict
        sealed = await only(pool, "select sealed from claims")
        assert len(sealed) == (verdict == CLAIMED)


async def test_claim_is_possible_after_the_end_but_not_when_final(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        states = RewardStates(pool)
        await log.append("harbour", [click("ada", "voucher"), click("ada", "voucher")])
        await Hunts(pool).close("harbour")
        for seq in (1, 2):
            assert (await states.claim("harbour", "ada", seq, FORM, b"x"))[0] == CLAIMED
        await states.change("harbour", "sent", actor="eve", seqs=[1])
        await states.change("harbour", "void", actor="eve", seqs=[2], reason="cheat")
        assert await states.claim("harbour", "ada", 1, FORM, b"y") == (FINAL, "sent")
        assert await states.claim("harbour", "ada", 2, FORM, b"y") == (FINAL, "void")
        assert await only(pool, "select seq from claims") == [1], "a void deletes the fields"


async def test_changes_are_atomic_and_may_be_repeated(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        states, audit = RewardStates(pool), Audit(pool)
        await log.append(
            "harbour",
            [click("ada", "coin"), click("ada", "voucher"), click("ada"), click("bob", "coin")],
        )
        before = await audit.list()
        asked = await states.change("harbour", "sent", actor="eve", seqs=[4, 1, 2, 3, 9])
        assert [(each.seq, each.wrong) for each in asked] == [
            (1, None),
            (2, "is not claimed yet"),
            (3, "is not a reward of this hunt"),
            (4, None),
            (9, "is not a reward of this hunt"),
        ]
        assert await states.history("harbour", 1) == []
        assert await audit.list() == before
        for was in ("granted", "sent"):
            asked = await states.change("harbour", "sent", actor="eve", seqs=[1, 4, 1])
            assert asked == [Asked(1, was, None), Asked(4, was, None)]
        assert [each.number for each in await states.history("harbour", 4)] == [2]
        [entry] = (await audit.list())[: -len(before)]
        assert (entry.actor, entry.action, entry.hunt) == ("eve", "sent", "harbour")
        assert entry.detail == {
            "before": {"1": "granted", "4": "granted"}, "after": {"1": "sent", "4": "sent"},
        }  # fmt: skip
        [asked_late] = await states.change("harbour", "void", actor="eve", seqs=[1], reason="late")
        assert asked_late.wrong == "is sent"


async def test_all_rewards_of_a_player_are_voided_but_those_sent(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        states = RewardStates(pool)
        await log.append(
            "harbour",
            [click("ada", "coin"), click("ada", "voucher"), click("ada"), click("bob", "coin")],
        )
        await states.change("harbour", "sent", actor="eve", seqs=[1])
        asked = await states.change("harbour", "void", actor="eve", player="ada", reason="a bot")
        assert asked == [Asked(1, "sent", None), Asked(2, "granted", None)]
        states_of = [each.state for each in await log.read("harbour", 0, 9)]
        assert states_of == ["sent", "void", None, None]
        [entry] = [each for each in await Audit(pool).list() if each.action == "void"]
        assert entry.detail["reason"] == "a bot"
        assert (entry.detail["before"], entry.detail["after"]) == ({"2": "granted"}, {"2": "void"})
        assert not has_word(entry, "ada")


async def test_reason_must_not_name_the_player(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        states = RewardStates(pool)
        await log.append("harbour", [click("ada", "coin"), click("a.b", "coin")])
        for seq, reason in ((1, "ada is a bot"), (1, "bot: ada."), (2, "by a.b, who cheats")):
            [asked] = await states.change("harbour", "void", actor="eve", seqs=[seq], reason=reason)
            assert asked.wrong == "the reason must not contain the id of the player"
        [asked] = await states.change("harbour", "void", actor="eve", seqs=[1], reason="adapted")
        assert asked.wrong is None


async def test_void_returns_the_unit_to_the_stock(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        states = RewardStates(pool)
        outcome = await log.append(
            "harbour", [click(name, "coin") for name in ("ada", "bob", "cy")]
        )
        assert [each.prize for each in rewards(outcome)] == ["coin", "coin", None]
        await states.change("harbour", "void", actor="eve", seqs=[1], reason="bot")
        await states.change("harbour", "void", actor="eve", seqs=[1], reason="bot")
        assert await granted(pool, "coin") == 1
        again = await log.append("harbour", [click("cy", "coin"), click("di", "coin")])
        assert [each.prize for each in rewards(again)] == ["coin", None]
        assert await granted(pool, "coin") == 2
        # A count that begins anew leaves void rewards out, too.
        hunts = Hunts(pool)
        for stock in (None, 2):
            prizes = (replace(ASKS.prizes[0], stock=stock), *ASKS.prizes[1:])
            await hunts.apply(replace(ASKS, prizes=prizes), seed=b"", actor="test")
        assert await granted(pool, "coin") == 2


async def test_void_gives_its_player_no_second_chance(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        await log.append("harbour", [click("ada", "voucher"), click("ada", "voucher")])
        await RewardStates(pool).change("harbour", "void", actor="eve", player="ada", reason="bot")
        again = await log.append("harbour", [click("ada", "voucher"), click("bob", "voucher")])
        assert [each.prize for each in rewards(again)] == [None, "voucher"]


@pytest.mark.parametrize("void", [False, True])
async def test_void_returns_the_unit_of_the_present_step_only(database: str, void: bool) -> None:
    now = datetime.now(UTC)
    plan = (Step(now - timedelta(hours=1), 2), Step(now + timedelta(hours=1), 4))
    coin = Prize("coin", "Coin", 5, 0.5, None, None, release=plan, void=void)
    async with opened(database, replace(PLAIN, prizes=(coin,))) as (log, pool):
        states = RewardStates(pool)

        async def won(name: str) -> list[int]:
            found = rewards(
                await log.append("harbour", [click(f"{name}{n}", "coin") for n in range(4)])
            )
            return [each.seq for each in found if each.prize]

        async def take_back(seq: int) -> None:
            await states.change("harbour", "void", actor="eve", seqs=[seq], reason="bot")

        first = await won("a")
        assert len(first) == 2
        await take_back(first[0])
        assert len(await won("b")) == 1, "the unit of the present step returns"
        await only(
            pool, "update prize_steps set at = clock_timestamp() where total = 4 returning 1"
        )
        second = await won("c")
        assert len(second) == 2
        await take_back(first[1])
        assert len(await won("d")) == (0 if void else 1), "the unit of an earlier step"
        await take_back(second[0])
        assert len(await won("e")) == 1, "the unit of the present step again"
        assert await won("f") == []


@pytest.mark.parametrize("added_up", [True, False])
async def test_points_of_void_rewards_leave_the_leaderboard(database: str, added_up: bool) -> None:
    free = replace(PLAIN, prizes=(Prize("coin", "Coin", 5, 0.5, None, None),))
    async with opened(database, free) as (log, pool):
        states, board = RewardStates(pool), StoredLeaderboard(pool)
        await log.append(
            "harbour", [click("ada", "coin"), click("ada", "coin"), click("bob", "coin")]
        )
        if added_up:
            await board.add_up("harbour")
        await states.change("harbour", "void", actor="eve", seqs=[2, 3], reason="bot")
        await log.append("harbour", [click("cy", "coin")])
        await board.add_up("harbour")
        assert await board.leaders("harbour", 9) == [Entry("ada", 5, 1), Entry("cy", 5, 1)]


async def test_changes_are_numbered_in_commit_order(database: str) -> None:
    free = replace(PLAIN, prizes=(Prize("coin", "Coin", 5, 0.5, None, None, claim=Claim()),))
    async with opened(database, free) as (log, pool):
        states = RewardStates(pool)
        await log.append("harbour", [click(f"p{n}", "coin") for n in range(20)])
        async with trio.open_nursery() as nursery:
            for n in range(20):
                nursery.start_soon(states.claim, "harbour", f"p{n}", n + 1, Claim(), None)
        numbers = await only(pool, "select number from reward_changes order by number")
        assert numbers == list(range(1, 21))
        assert await only(pool, "select number from reward_changes_upto") == [20]
        times = await only(pool, "select at from reward_changes order by number")
        assert times == sorted(times)  # type: ignore[type-var]


async def test_state_of_a_reward_is_recorded_once(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        await log.append("harbour", [click("ada", "coin")])
        await RewardStates(pool).change("harbour", "sent", actor="eve", seqs=[1])
        with pytest.raises(psycopg.errors.UniqueViolation):
            await only(
                pool,
                "insert into reward_changes (hunt, number, seq, state, at)"
                " values (1, 2, 1, 'sent', now()) returning 1",
            )


async def test_hunt_whose_changes_were_all_refused_can_be_deleted(database: str) -> None:
    async with opened(database, ASKS) as (_, pool):
        await RewardStates(pool).change("harbour", "sent", actor="eve", seqs=[1])
        await Hunts(pool).delete("harbour")
