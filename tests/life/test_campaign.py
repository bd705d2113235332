"""The advent calendar of ``examples/``, played for 24 days by two nodes, without an operator."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from hunt.core.campaign import CampaignDefinition
from hunt.core.campaign_file import parse_campaign
from hunt.core.maps import Map
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from tests.cli.commands import run
from tests.support.processes import HUNT, free_port, running
from tests.support.serving import SECRET, bearer, reward_in
from tests.support.time_travel import travel

FOLDER = Path(__file__).parents[2] / "examples" / "advent"
DAY = timedelta(days=1)
PLAYERS = [f"player-{number}" for number in range(8)]

#: The days on which no server ran at midnight.
DOWN = {5, 17}


def plays(player: int, day: int) -> bool:
    """Return whether a player plays on a day: player n misses each day that n + 2 divides."""
    return day % (player + 2) != 0


def streak(player: int, last: int) -> dict[str, int]:
    """Return the streak that a player has on the evening of a day."""
    runs = "".join("x" if plays(player, day) else " " for day in range(1, last + 1))
    ended = runs if plays(player, last) else runs[:-1]  # today is not over yet
    current = len(ended) - len(ended.rstrip("x"))
    return {"current": current, "longest": max(map(len, runs.split(" ")))}


class Game:
    """The players, what they were answered, and the nodes that they ask in turn."""

    def __init__(self, pool: Pool, campaign: CampaignDefinition) -> None:
        self.pool = pool
        self.maps: list[Map] = [each.definition.map for each in campaign.doors]
        self.rewards: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        self.nodes: list[httpx.AsyncClient] = []
        self._source = random.Random(24)

    async def get(self, node: int, path: str, player: str = "player-0") -> dict[str, Any]:
        answer = await self.nodes[node].get(path, headers=bearer(player))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def click(self, player: str, door: int) -> int:
        """Click once; return the status of the answer."""
        x, y = self.maps[door - 1].at(self._source.random(), self._source.random())
        node = self._source.choice(self.nodes)
        answer = await node.post(
            f"/v1/hunts/advent-{door:02}/clicks",
            json={"id": str(uuid.uuid4()), "x": x, "y": y},
            headers=bearer(player),
        )
        if answer.status_code == 200:
            self.rewards[player].append((door, reward_in(answer.json())))
        return answer.status_code

    async def wait_day(self, day: int) -> None:
        """Wait until every node shows that the door of a day is open, and recorded the ends."""
        expected = ["over"] * (day - 1) + ["open"] + ["coming"] * (24 - day)
        with trio.fail_after(60):
            for node in range(len(self.nodes)):
                while True:
                    doors = (await self.get(node, "/v1/campaigns/advent"))["doors"]
                    if [each["state"] for each in doors] == expected:
                        break
            while sum(each.has_ended for each in await Hunts(self.pool).all()) < day - 1:
                pass

    async def play(self, day: int) -> None:
        attempts = 24 if day == 24 else 3
        for number, player in enumerate(PLAYERS):
            if plays(number, day):
                assert await self.click(player, day) == 200
        # One player uses up the attempts of the day; no other door takes a click.
        eager = next(number for number in range(8) if plays(number, day))
        found = [await self.click(PLAYERS[eager], day) for _ in range(attempts)]
        assert found == [200] * (attempts - 1) + [403]
        for closed in {max(day - 1, 1), min(day + 1, 24)} - {day}:
            assert await self.click(PLAYERS[0], closed) == 409

    async def check(self, day: int) -> None:
        for number, player in enumerate(PLAYERS):
            own = await self.get(number % 2, "/v1/campaigns/advent/standing", player)
            assert own["streak"] == streak(number, day), (player, day)
            rewards = [reward for _, reward in self.rewards[player]]
            assert own["points"] == sum(each["points"] for each in rewards)
            assert own["wins"] == sum(each["prize"] is not None for each in rewards)


@asynccontextmanager
async def nodes(game: Game, database: str, number: int = 2) -> AsyncIterator[None]:
    """Run nodes on one database, and let the players use them."""
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
    if not number:
        yield
        return
    bind = f"127.0.0.1:{free_port()}"
    arguments = [*HUNT, "serve", "--bind", bind, "--processes", "1"]
    async with (
        running(arguments, f"http://{bind}", environ) as server,
        httpx.AsyncClient(base_url=server.url, timeout=20) as client,
    ):
        game.nodes.append(client)
        try:
            async with nodes(game, database, number - 1):
                yield
        finally:
            game.nodes.remove(client)


async def begun(pool: Pool) -> CampaignDefinition:
    """Move the calendar so that its first door opened an hour ago."""
    campaign = parse_campaign((FOLDER / "campaign.toml").read_text("utf-8"))
    opens = campaign.doors[0].definition.opens_at
    assert opens is not None
    await travel(pool, opens - datetime.now(UTC) + timedelta(hours=1))
    return campaign


@pytest.mark.usefixtures("unmeasured")
def test_calendar_is_played_for_24_days_without_an_operator(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    assert "24 doors are drafts" in run("apply", str(FOLDER), **url).output
    run("open", "advent", **url)
    trio.run(_play, database)
    assert run("campaigns", **url).output == "advent  Advent calendar  over  doors: 24 over\n"
    won = run("winners", "advent", **url).output.splitlines()[1:]
    assert len({line.split(",")[0] for line in won}) > 12, "winners of most doors"


async def _play(database: str) -> None:
    async with open_pool(database, size=2) as pool:
        game = Game(pool, await begun(pool))
        day = 1
        while day <= 24:
            async with nodes(game, database):
                while True:
                    await game.wait_day(day)
                    await game.play(day)
                    await game.check(day)
                    day += 1
                    if day in DOWN or day > 24:
                        break
                    await travel(pool, DAY)
            await travel(pool, DAY)  # while no server runs
        async with nodes(game, database):
            with trio.fail_after(60):
                while (await game.get(0, "/v1/campaigns/advent"))["state"] != "over":
                    pass
            await _check_end(game)


async def _check_end(game: Game) -> None:
    """Compare histories and both leaderboards with the answers to the clicks."""
    expected = {}
    for player in PLAYERS:
        page = await game.get(0, "/v1/campaigns/advent/rewards?limit=1000", player)
        assert page["next"] is None
        assert page["rewards"] == [
            {"door": door, "hunt": f"advent-{door:02}", **reward}
            for door, reward in game.rewards[player]
        ]
        expected[player] = sum(reward["points"] for _, reward in game.rewards[player])
    for node in range(2):
        with trio.fail_after(60):
            while True:
                board = await game.get(node, "/v1/campaigns/advent/leaderboard?limit=100")
                found = [each["points"] for each in board["leaders"]]
                if found == sorted(expected.values(), reverse=True):
                    break
    ranks = {}
    for player in PLAYERS:
        you = (await game.get(1, "/v1/campaigns/advent/leaderboard", player))["you"]
        assert you["points"] == expected[player]
        ranks[you["rank"]] = you["points"]
    assert [ranks[rank] for rank in range(1, 9)] == sorted(expected.values(), reverse=True)
