"""Changes of rewards by an operator: the rows that they change, and the order of their locks."""

from __future__ import annotations

import json
from dataclasses import replace

import trio

from hunt.core.claims import Claim
from hunt.core.definition import Prize
from hunt.store.audit import Audit
from hunt.store.driver.listen import Listener
from hunt.store.hunts import Hunts
from hunt.store.reward_states import MISSING, Asked, RewardStates
from tests.store.open_log import PLAIN, click, opened
from tests.store.test_state_changes import patiently, wait_waiting
from tests.support.words import has_word

FREE = replace(PLAIN, prizes=(Prize("coin", "Coin", 5, 0.5, 9, None, claim=Claim()),))
ALIKE = replace(FREE, id="alike")


async def test_changes_concern_one_hunt_only(database: str) -> None:
    async with opened(database, FREE) as (log, pool):
        states = RewardStates(pool)
        await Hunts(pool).open_new(ALIKE, seed=bytes(32), actor="test")
        await log.append("harbour", [click("ada", "coin")])
        await log.append("alike", [click("ada")])
        assert await states.claim("alike", "ada", 1, Claim(), None) == (MISSING, None)
        [asked] = await states.change("alike", "void", actor="eve", seqs=[1], reason="bot")
        assert asked.wrong == "is not a reward of this hunt"


async def test_void_is_final(database: str) -> None:
    async with opened(database, FREE) as (log, pool):
        states = RewardStates(pool)
        await log.append("harbour", [click("ada", "coin")])
        await states.change("harbour", "void", actor="eve", seqs=[1], reason="bot")
        asked = await states.change("harbour", "sent", actor="eve", seqs=[1])
        assert asked == [Asked(1, "void", "is void")]


async def test_changes_are_numbered_over_several_requests(database: str) -> None:
    async with opened(database, FREE) as (log, pool):
        states = RewardStates(pool)
        await log.append("harbour", [click(f"p{n}", "coin") for n in range(4)])
        for seqs in ([1, 2, 3], [4]):
            await states.change("harbour", "void", actor="eve", seqs=seqs, reason="bot")
        found = [await states.history("harbour", seq) for seq in (1, 2, 3, 4)]
        assert [[change.number for change in each] for each in found] == [[1], [2], [3], [4]]


async def test_change_is_told_to_the_players_whose_rewards_changed(database: str) -> None:
    async with (
        opened(database, FREE) as (log, pool),
        Listener(database).listening(("hunt_live",)) as received,
    ):
        states = RewardStates(pool)
        await log.append("harbour", [click("ada", "coin"), click("bob", "coin")])
        told = []
        for seq in (2, 1):
            await states.change("harbour", "void", actor="eve", seqs=[seq], reason="bot")
        with trio.fail_after(20):
            async for _, payload in received:
                told.append((json.loads(payload)["p"], json.loads(payload)["d"]["seq"]))
                if told[-1] == ("ada", 1):
                    break
        assert told == [("bob", 2), ("ada", 1)]


async def test_audit_has_the_pseudonym_of_the_player_whose_rewards_were_asked_for(
    database: str,
) -> None:
    async with opened(database, FREE) as (log, pool):
        await log.append("harbour", [click("ada", "coin")])
        states = RewardStates(pool)
        await states.change("harbour", "void", actor="eve", player="ada", reason="a bot")
        async with pool.connection() as conn:
            query = (
                "select detail->>'player' = hunt_pseudonym('ada') from audit where action = 'void'"
            )
            assert await (await conn.execute(query)).fetchall() == [(True,)]
        [entry] = [each for each in await Audit(pool).list() if each.action == "void"]
        assert not has_word(entry, "ada")


async def test_void_locks_nothing_before_the_row_of_the_hunt(database: str) -> None:
    # A commit locks that row first, and then those of prizes: the other order is a deadlock.
    async with opened(database, FREE) as (log, pool), trio.open_nursery() as nursery:
        await log.append("harbour", [click("ada", "coin")])
        states = RewardStates(pool)

        async def void() -> None:
            await patiently(
                lambda: states.change("harbour", "void", actor="eve", seqs=[1], reason="bot")
            )

        async with pool.transaction() as holder:
            await holder.execute("select from hunts for no key update")
            nursery.start_soon(void)
            await wait_waiting(pool, 1)
            await holder.execute("select from prizes for update nowait")
