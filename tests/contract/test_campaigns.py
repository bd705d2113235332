"""Campaigns for players: doors in order, one history, one leaderboard, streaks."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import trio
from msgspec.structs import replace as altered

from hunt.core.campaign import CampaignDefinition, Door
from hunt.core.sse import Parser
from hunt.store.campaigns import Campaigns
from hunt.store.driver.pool import open_pool
from tests.store.campaigns import ADVENT, COIN, DAY, doors, seed, stored
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer, reward_in, serving
from tests.support.time_travel import travel

PATH = "/v1/campaigns/advent"
SURE = replace(COIN, odds=1.0)


def sure(*offsets: float) -> tuple[Door, ...]:
    """Return doors in which each click wins 5 points."""
    return tuple(
        replace(each, definition=replace(each.definition, prizes=(SURE,)))
        for each in doors(*offsets)
    )


async def get(client: Client, path: str = "", **options: Any) -> dict[str, Any]:
    response = await client.get(f"{PATH}{path}", **options)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def click(client: Client, door: int, player: str = "ada") -> dict[str, Any]:
    response = await client.post(
        f"/v1/hunts/advent-{door:02}/clicks",
        json={"id": str(uuid.uuid4()), "x": 1, "y": 2},
        headers=bearer(player),
    )
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_campaign_shows_its_doors_in_order(database: str) -> None:
    async with stored(database, doors(-0.75, -0.5, 0.5)) as (campaigns, pool):
        await travel(pool, DAY / 8)
        draft = doors(-0.875, -0.625, 0.375, 2)
        await campaigns.apply(CampaignDefinition(ADVENT, draft), new_seed=seed, actor="test")
    async with serving(database) as client:
        assert (await client.get("/v1/campaigns")).json()["campaigns"][0]["id"] == "advent"
        shown = await get(client)
        assert (shown["title"], shown["state"], shown["streak"]) == ("Advent", "open", "played")
        assert [(each["door"], each["hunt"]) for each in shown["doors"]] == [
            (1, "advent-01"), (2, "advent-02"), (3, "advent-03"),
        ]  # fmt: skip
        assert [each["state"] for each in shown["doors"]] == ["open", "open", "coming"]
        assert shown["opens_at"] == shown["doors"][0]["opens_at"]
        assert shown["closes_at"] == shown["doors"][2]["closes_at"]
        response = await client.get(PATH)
        again = await client.get(PATH, headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == 304


async def test_prizes_of_a_door_are_secret_until_it_opens(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5)):
        pass
    async with serving(database) as client:
        first, second = (await get(client))["doors"]
        assert [each["id"] for each in first["prizes"]] == ["coin"]
        assert "prizes" not in second
        hunt = (await client.get("/v1/hunts/advent-02")).json()
        assert (hunt["campaign"], hunt["door"], hunt["prizes"]) == ("advent", 2, [])
        assert (await client.get("/v1/hunts/advent-01")).json()["prizes"] == first["prizes"]
        assert "campaign" not in (await client.get("/v1/hunts/harbour")).json()


async def test_preview_shows_the_prizes_before(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5), campaign=altered(ADVENT, preview=True)):
        pass
    async with serving(database) as client:
        _, second = (await get(client))["doors"]
        assert (second["state"], [each["id"] for each in second["prizes"]]) == ("coming", ["coin"])
        assert (await client.get("/v1/hunts/advent-02")).json()["prizes"] == second["prizes"]


async def test_drafts_are_not_shown(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5), state="draft"):
        pass
    async with serving(database) as client:
        assert (await client.get("/v1/campaigns")).json() == {"campaigns": []}
        for path in ("", "/rewards", "/standing", "/leaderboard"):
            assert_problem(await client.get(f"{PATH}{path}"), 404)


async def test_history_and_standing_are_those_of_all_doors(database: str) -> None:
    async with stored(database, sure(-0.4, -0.3, -0.2, 0.5)):
        pass
    async with serving(database) as client:
        own = [await click(client, door) for door in (1, 1, 3)]
        await click(client, 2, "bob")
        page = await get(client, "/rewards", params={"limit": 2})
        assert [(each["door"], each["hunt"], each["id"]) for each in page["rewards"]] == [
            (1, "advent-01", own[0]["id"]), (1, "advent-01", own[1]["id"]),
        ]  # fmt: skip
        rest = await get(client, "/rewards", params={"limit": 2, "after": page["next"]})
        assert rest["next"] is None
        [last] = rest["rewards"]
        assert last == {"door": 3, "hunt": "advent-03"} | reward_in(own[2])
        standing = await get(client, "/standing")
        assert (standing["points"], standing["wins"]) == (15, 3)
        assert standing["streak"] == {"current": 1, "longest": 1}
        assert [(each["door"], each["played"], each["points"]) for each in standing["doors"]] == [
            (1, True, 10), (2, False, 0), (3, True, 5), (4, False, 0),
        ]  # fmt: skip
        await click(client, 2)
        assert (await get(client, "/standing"))["streak"] == {"current": 3, "longest": 3}


async def test_streak_of_wins_needs_wins(database: str) -> None:
    found = sure(-0.4, -0.3)
    never = replace(found[1].definition, prizes=(replace(COIN, odds=0.0),))
    won = altered(ADVENT, streak="won")
    async with stored(database, (found[0], replace(found[1], definition=never)), campaign=won):
        pass
    async with serving(database) as client:
        await click(client, 1)
        await click(client, 2)
        standing = await get(client, "/standing")
        assert standing["streak"] == {"current": 1, "longest": 1}
        assert [each["wins"] for each in standing["doors"]] == [1, 0]


async def test_leaderboard_adds_up_all_doors_and_tells_the_own_rank(database: str) -> None:
    async with stored(database, sure(-0.4, -0.3)):
        pass
    async with serving(database) as client:
        for door, player in ((1, "bob"), (2, "bob"), (1, "ada")):
            await click(client, door, player)
        board = await get(client, "/leaderboard", params={"limit": 1})
        [best] = board["leaders"]
        assert (best["rank"], best["points"], best["wins"], best["you"]) == (1, 10, 2, False)
        assert board["you"] == {"rank": 2, "points": 5, "wins": 1}
        no_player = await get(client, "/leaderboard", headers={"Authorization": ""})
        assert no_player["you"] is None
        assert len(no_player["leaders"]) == 2


async def test_a_token_for_some_hunts_sees_these_doors(database: str) -> None:
    async with stored(database, sure(-0.4, -0.3)):
        pass
    async with serving(database) as client:
        await click(client, 1)
        await click(client, 2)
        some = {"headers": bearer(hunts=["advent-02"])}
        assert [each["door"] for each in (await get(client, "/rewards", **some))["rewards"]] == [2]
        standing = await get(client, "/standing", **some)
        assert (standing["points"], len(standing["doors"])) == (5, 1)
        for path in ("/rewards", "/standing"):
            other = await client.get(f"{PATH}{path}", headers=bearer(hunts=["harbour"]))
            assert_problem(other, 403)
            assert_problem(
                await client.get(f"{PATH}{path}", headers={"Authorization": ""}),
                401,
            )  # fmt: skip


@pytest.mark.parametrize(
    "query", ["/rewards?after=7", "/rewards?after=1-x", "/rewards?limit=0", "/leaderboard?limit=0"]
)
async def test_wrong_query_is_refused(database: str, query: str) -> None:
    async with stored(database, doors(-0.5)):
        pass
    async with serving(database) as client:
        assert_problem(await client.get(f"{PATH}{query}"), 400)


async def test_stream_lives_over_the_opening_of_its_door(database: str) -> None:
    [door] = sure(0)
    opens = datetime.now(UTC) + timedelta(seconds=3)
    later = replace(door, definition=replace(door.definition, opens_at=opens))
    async with stored(database, (later,)):
        pass
    async with serving(database) as client:
        parser, events = Parser(), client.stream("GET", "/v1/hunts/advent-01/events")
        with trio.fail_after(20):
            async with events as response:
                assert response.status_code == 200
                early = await _post(client)
                assert_problem(early, 409)
                while (answer := await _post(client)).status_code == 409:
                    pass
                assert answer.status_code == 200
                assert datetime.now(UTC) >= opens
                async for chunk in response.aiter_bytes():
                    found = [each for each in parser.feed(chunk) if each.event == "reward"]
                    if found:
                        break
        assert answer.json()["id"] in found[0].data
        assert (await get(client))["doors"][0]["prizes"][0]["id"] == "coin"


async def _post(client: Client) -> httpx.Response:
    body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
    return await client.post("/v1/hunts/advent-01/clicks", json=body)


async def test_operators_and_players_see_a_change_of_the_campaign(database: str) -> None:
    found = doors(-0.5)
    async with stored(database, found):
        pass
    async with serving(database) as client:
        assert (await get(client))["title"] == "Advent"
        async with open_pool(database, size=1) as pool:
            new = CampaignDefinition(altered(ADVENT, title="New"), found)
            await Campaigns(pool).apply(new, new_seed=seed, actor="test")
        with trio.fail_after(20):
            while (await get(client))["title"] != "New":
                pass
