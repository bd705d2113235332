from __future__ import annotations

import pytest

from hunt.service import leaderboard
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.leaderboard import LEADERS, StoredLeaderboard
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer, serving

PATH = "/v1/hunts/harbour/leaderboard"


@pytest.fixture(autouse=True)
def way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use one transport, because the route depends on none; no board is fresh."""
    monkeypatch.setattr(leaderboard, "FRESH", 0.0)
    monkeypatch.setattr(leaderboard, "STALE", 0.0)


async def win(client: Client, player: str, times: int) -> None:
    client.headers.update(bearer(player))
    for _ in range(times):
        assert (await client.click()).status_code == 200


async def test_leaderboard_lists_the_best_players(database: str) -> None:
    async with serving(database) as client:
        assert (await client.get(PATH)).json() == {"hunt": "harbour", "seq": 0, "leaders": []}
        await win(client, "ada-lovelace", 1)  # the coin has a stock of three
        await win(client, "bob", 1)
        await win(client, "ada-lovelace", 1)
        await win(client, "charles", 1)  # nothing left
        answer = await client.get(PATH)
        leaders = [
            {"rank": 1, "player": "ad…e", "points": 10, "wins": 2, "you": False},
            {"rank": 2, "player": "b…", "points": 5, "wins": 1, "you": False},
        ]
        assert answer.json() == {"hunt": "harbour", "seq": 4, "leaders": leaders}
        tag = {"If-None-Match": answer.headers["ETag"]}
        assert (await client.get(PATH, headers=tag)).status_code == 304
        client.headers.update(bearer("ada-lovelace"))
        [first] = (await client.get(f"{PATH}?limit=1")).json()["leaders"]
        assert first == leaders[0] | {"you": True}
        client.headers["Authorization"] = "Bearer x"
        assert [each["you"] for each in (await client.get(PATH)).json()["leaders"]] == [False] * 2
        assert_problem(await client.get(f"{PATH}?limit=101"), 400)
        assert_problem(await client.get("/v1/hunts/nowhere/leaderboard"), 404)
        # Who is erased is nobody here, too.
        client.headers.update(bearer("root", audience="hunt-admin"))
        assert (await client.delete("/v1/admin/players/ada-lovelace")).json()["erased"] == 2
        [first, _] = (await client.get(PATH)).json()["leaders"]
        assert (first["player"][:2], first["points"]) == ("er", 10)


async def test_the_log_is_added_up_in_steps_by_one_at_a_time(database: str) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        await win(client, "ada", 5)
        conn = await Connection.connect(database, autocommit=True)
        add_up = "select upto, rest from hunt_add_up('harbour', %s)"

        async def step(rows: int) -> tuple[int, int]:
            found = await (await conn.execute(add_up, (rows,))).fetchone()
            assert found is not None
            return found[0], found[1]

        try:
            assert [await step(2) for _ in range(4)] == [(2, 3), (4, 1), (5, 0), (5, 0)]
            assert [
                (each.points, each.wins)
                for each in await StoredLeaderboard(pool).leaders("harbour", 9)
            ] == [(15, 3)]
            await win(client, "bob", 1)
            async with conn.transaction():
                await conn.execute("select from standings_upto for update")
                assert await StoredLeaderboard(pool).add_up("harbour") == (5, 0), "it does not wait"
            assert await StoredLeaderboard(pool).add_up("harbour") == (6, 0)
            # Cheap in a long log: an index finds the best players, and only new rows are read.
            await conn.execute("set enable_seqscan = off")
            plan = await (await conn.execute("explain " + LEADERS, ("harbour", 9))).fetchall()
            assert any("standings_best" in line for (line,) in plan)
        finally:
            conn.close_now()
