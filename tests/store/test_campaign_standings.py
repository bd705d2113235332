"""Points, ranks and histories of players over all doors of a campaign."""

from __future__ import annotations

import pytest
import trio

from hunt.core.campaign import Campaign, CampaignDefinition
from hunt.core.leaderboard import LeaderboardEntry as Entry
from hunt.store import campaign_standings
from hunt.store.campaign_standings import CampaignStandings, DoorStanding, OwnRank
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from hunt.store.log import Log
from hunt.store.names import StoredNames
from hunt.store.players import Players
from hunt.store.reward_states import RewardStates
from tests.store.campaigns import doors, seed, stored
from tests.store.open_log import PLAIN, click


async def test_points_are_those_of_all_doors_and_count_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_standings, "STEP", 4)
    async with stored(database, doors(-0.3, -0.2, 0.5)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        await log.append("advent-01", [click("ada", "coin"), click("bob"), click("bob", "coin")])
        await log.append("advent-02", [click("ada", "coin"), click("cy", "coin")])
        assert await board.add_up("advent") == (4, 1), "a step ends within a door"
        assert await board.leaders("advent", 9) == [Entry("ada", 10, 2), Entry("bob", 5, 1)]
        assert await board.add_up("advent") == (5, 0)
        assert await board.add_up("advent") == (5, 0)
        expected = [Entry("ada", 10, 2), Entry("bob", 5, 1), Entry("cy", 5, 1)]
        assert await board.leaders("advent", 9) == expected
        assert await board.leaders("advent", 1) == [Entry("ada", 10, 2)]
        # The leaderboard of a door adds up for the campaign, too.
        await log.append("advent-02", [click("cy", "coin")])
        assert await StoredLeaderboard(pool).add_up("advent-02") == (3, 0)
        assert (await board.leaders("advent", 9))[:2] == [Entry("ada", 10, 2), Entry("cy", 10, 2)]
        assert await StoredLeaderboard(pool).leaders("advent-02", 1) == [Entry("cy", 10, 2)]


async def test_rank_is_the_place_on_the_leaderboard(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stored(database, doors(-0.3, -0.2)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        won = [click("ada", "coin"), click("bob", "coin"), click("cy"), click("bob", "coin")]
        await log.append("advent-01", won)
        await log.append("advent-02", [click("dan", "coin")])
        await board.add_up("advent")
        order = [each.player for each in await board.leaders("advent", 9)]
        assert order == ["bob", "ada", "dan"]
        for place, player in enumerate(order, 1):
            found = await board.rank("advent", player)
            assert found is not None
            assert found.rank == place
        assert await board.rank("advent", "cy") is None
        monkeypatch.setattr(campaign_standings, "RANKS", 2)
        assert await board.rank("advent", "dan") == OwnRank(None, 5, 1)
        assert await board.rank("advent", "ada") == OwnRank(2, 5, 1)


async def test_standing_has_every_commit_whether_added_up_or_not(database: str) -> None:
    async with stored(database, doors(-0.3, -0.2, -0.1)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        await log.append("advent-01", [click("ada", "coin"), click("ada")])
        await log.append("advent-03", [click("ada"), click("bob", "coin")])
        expected = [DoorStanding(1, "advent-01", 1, 5), DoorStanding(3, "advent-03", 0, 0)]
        assert await board.standing("advent", "ada") == expected
        await board.add_up("advent")
        assert await board.standing("advent", "ada") == expected
        await log.append("advent-01", [click("ada", "coin"), click("bob", "coin")])
        assert (await board.standing("advent", "ada"))[0] == DoorStanding(1, "advent-01", 2, 10)
        assert await board.standing("advent", "nobody") == []


async def test_history_goes_on_over_doors_without_gap_or_repeat(database: str) -> None:
    async with stored(database, doors(-0.3, -0.2, -0.1)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        for door, number in (("advent-01", 3), ("advent-03", 2)):
            await log.append(door, [click("ada", "coin") for _ in range(number)])
            await log.append(door, [click("bob")])
        whole = await board.rewards("advent", "ada", limit=9)
        assert [(each.door, each.reward.seq) for each in whole] == [
            (1, 1), (1, 2), (1, 3), (3, 1), (3, 2),
        ]  # fmt: skip
        assert {each.reward.player for each in whole} == {"ada"}
        pages, after = [], (0, 0)
        while page := await board.rewards("advent", "ada", after=after, limit=2):
            pages += page
            after = page[-1].door, page[-1].reward.seq
        assert pages == whole
        some = await board.rewards("advent", "ada", limit=9, hunts=["advent-03"])
        assert [each.hunt for each in some] == ["advent-03"] * 2


async def test_erased_player_keeps_the_place_without_the_name(database: str) -> None:
    async with stored(database, doors(-0.3, -0.2)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        await log.append("advent-01", [click("ada", "coin"), click("bob", "coin")])
        await log.append("advent-02", [click("ada", "coin")])
        await board.add_up("advent")
        name, clicks = await Players(pool).erase("ada", actor="test")
        assert clicks == 2
        assert await board.leaders("advent", 9) == [Entry(name, 10, 2), Entry("bob", 5, 1)]
        assert await board.standing("advent", "ada") == []
        assert await board.rank("advent", "ada") is None
        await log.append("advent-02", [click("bob", "coin")])
        await board.add_up("advent")
        assert {each.player for each in await board.leaders("advent", 9)} == {name, "bob"}


async def test_doors_added_up_at_once_neither_wait_for_each_other_nor_lose_points(
    database: str,
) -> None:
    players = [f"player-{number}" for number in range(200)]
    async with stored(database, doors(-0.3, -0.2)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)

        async def add(hunt: str | None) -> None:
            for _ in range(10):
                await (board.add_up("advent") if hunt is None else doors_board.add_up(hunt))

        doors_board = StoredLeaderboard(pool)
        for hunt in ("advent-01", "advent-02"):
            order = players if hunt == "advent-01" else players[::-1]
            for part in range(0, 200, 50):
                await log.append(hunt, [click(each, "coin") for each in order[part : part + 50]])
        async with trio.open_nursery() as nursery:
            for which in ("advent-01", "advent-02", None):
                nursery.start_soon(add, which)
        assert await board.add_up("advent") == (400, 0)
        found = await board.leaders("advent", 300)
        assert len(found) == 200
        assert {(each.points, each.wins) for each in found} == {(10, 2)}


async def test_campaign_that_another_process_adds_up_is_left_to_it(database: str) -> None:
    async with stored(database, doors(-0.3, -0.2)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        await log.append("advent-01", [click("ada", "coin")])
        async with pool.transaction() as conn:
            await conn.execute("select from campaigns for no key update")
            assert await _within(board) == (0, 0)
            assert await StoredLeaderboard(pool).add_up("advent-01") == (0, 0)
        assert await board.add_up("advent") == (1, 0)


async def test_door_held_by_an_erasure_is_left_for_later(database: str) -> None:
    async with stored(database, doors(-0.3)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        await log.append("advent-01", [click("ada", "coin")])
        assert await board.add_up("advent") == (1, 0)
        await log.append("advent-01", [click("ada", "coin")])
        async with pool.transaction() as conn:
            await conn.execute("select from standings_upto for update")
            assert await _within(board) == (1, 0), "without progress, nothing is left to try again"
        assert await board.add_up("advent") == (2, 0)


async def test_other_campaigns_and_hunts_do_not_count(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_standings, "STEP", 3)
    winter = Campaign("winter", "Winter", "Europe/Berlin")
    async with stored(database, doors(-0.3, -0.2)) as (campaigns, pool):
        other = CampaignDefinition(winter, doors(-0.3, campaign="winter"))
        await campaigns.apply(other, new_seed=seed, actor="test")
        await campaigns.set_state("winter", "open", actor="test")
        hunts, log, board = Hunts(pool), Log(pool), CampaignStandings(pool)
        await hunts.apply(PLAIN, seed=seed(), actor="test")
        await hunts.open("harbour")
        for hunt in ("winter-01", "harbour"):
            wins = [click(each, "coin") for each in ("ada", "ada", "zoe")]
            await log.append(hunt, wins)
        await log.append("advent-01", [click("ada", "coin")])
        await log.append("advent-02", [click("ada", "coin"), click("bob", "coin")])
        assert await board.add_up("advent") == (3, 0)
        assert await board.leaders("advent", 9) == [Entry("ada", 10, 2), Entry("bob", 5, 1)]
        assert await board.add_up("winter") == (3, 0)
        assert await board.rank("advent", "bob") == OwnRank(2, 5, 1)
        assert await board.rank("winter", "zoe") == OwnRank(2, 5, 1)
        assert [each.hunt for each in await board.standing("advent", "ada")] == [
            "advent-01", "advent-02",
        ]  # fmt: skip
        assert len(await board.rewards("advent", "ada", limit=9)) == 2
        assert await campaigns.hunts("advent") == ["advent-01", "advent-02"]


async def test_tie_goes_to_the_player_who_was_first(database: str) -> None:
    async with stored(database, doors(-0.3, -0.2)) as (_, pool):
        log, board = Log(pool), CampaignStandings(pool)
        await log.append("advent-01", [click("zoe", "coin")])
        await log.append("advent-02", [click("ada", "coin"), click("cy")])
        await board.add_up("advent")
        assert await board.leaders("advent", 9) == [Entry("zoe", 5, 1), Entry("ada", 5, 1)]
        assert await board.leaders("advent", 1) == [Entry("zoe", 5, 1)]
        assert await board.rank("advent", "zoe") == OwnRank(1, 5, 1)
        assert await board.rank("advent", "ada") == OwnRank(2, 5, 1)


async def test_void_reward_does_not_count_but_a_sent_one_does(database: str) -> None:
    async with stored(database, doors(-0.3)) as (_, pool):
        log, board, states = Log(pool), CampaignStandings(pool), RewardStates(pool)
        await log.append("advent-01", [click("ada", "coin") for _ in range(4)])
        await states.change("advent-01", "void", actor="test", seqs=[1], reason="x")
        await states.change("advent-01", "sent", actor="test", seqs=[2, 3])
        assert await board.standing("advent", "ada") == [DoorStanding(1, "advent-01", 3, 15)]
        await board.add_up("advent")
        assert await board.standing("advent", "ada") == [DoorStanding(1, "advent-01", 3, 15)]


async def test_player_whose_rewards_are_all_void_is_not_on_the_board(database: str) -> None:
    async with stored(database, doors(-0.3)) as (_, pool):
        log, board, states = Log(pool), CampaignStandings(pool), RewardStates(pool)
        await log.append("advent-01", [click("ada", "coin"), click("bob", "coin")])
        await board.add_up("advent")
        await states.change("advent-01", "void", actor="test", seqs=[1], reason="x")
        assert await board.leaders("advent", 9) == [Entry("bob", 5, 1)]
        assert await board.rank("advent", "ada") is None
        assert await board.rank("advent", "bob") == OwnRank(1, 5, 1)


async def test_refused_name_is_not_on_the_board(database: str) -> None:
    async with stored(database, doors(-0.3, -0.2)) as (_, pool):
        board, names = CampaignStandings(pool), StoredNames(pool)
        await Log(pool).append("advent-01", [click("ada", "coin"), click("bob", "coin")])
        await names.put({"ada": "Ada", "bob": "Rude"}, claimed=False)
        await names.refuse("bob", refused=True, actor="test")
        await board.add_up("advent")
        assert await board.leaders("advent", 9) == [
            Entry("ada", 5, 1, "Ada"), Entry("bob", 5, 1, None),
        ]  # fmt: skip


async def _within(board: CampaignStandings) -> tuple[int, int]:
    with trio.fail_after(2):
        return await board.add_up("advent")
