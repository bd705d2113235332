"""Operators read, export and erase the data of a player."""

from __future__ import annotations

from typing import Any

from tests.support.operators import ADMIN, HUNTS, RIVER, act, changed, operator
from tests.support.problems import assert_problem
from tests.support.serving import bearer, serving


async def test_player_is_exported_and_erased(database: str) -> None:
    async with serving(database) as client:
        player = dict(client.headers)
        mine = [(await client.click(x=n)).json() for n in range(3)]
        client.headers.update(bearer("bob"))
        await client.click()
        operator(client)
        await act(client, "POST", HUNTS, json=RIVER)
        await act(client, "POST", f"{HUNTS}/river/open")
        client.headers.update(player)
        await changed(client, "river", "open")
        more = {"id": "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e91", "x": 1, "y": 1}
        assert (await client.post("/v1/hunts/river/clicks", json=more)).status_code == 200
        operator(client)
        rewards = await act(client, "GET", f"{HUNTS}/harbour/players/ada/rewards?limit=2")
        assert [each["id"] for each in rewards["rewards"]] == [each["id"] for each in mine[:2]]
        assert rewards["next"] == 2
        rows: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await act(client, "GET", f"{ADMIN}/players/ada?limit=2{after}")
            rows += page["clicks"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert [(each["hunt"], each["seq"]) for each in rows] == [
            ("harbour", 1), ("harbour", 2), ("harbour", 3), ("river", 1),
        ]  # fmt: skip
        assert rows[1] | {"x": 1.0, "y": 2.0} == rows[1]
        erased = await act(client, "DELETE", f"{ADMIN}/players/ada")
        assert (erased["erased"], erased["now"][:7]) == (4, "erased-")
        assert (await act(client, "GET", f"{ADMIN}/players/ada"))["clicks"] == []
        kept = (await act(client, "GET", f"{ADMIN}/players/{erased['now']}"))["clicks"]
        erased_rows = [row | {"x": None, "y": None} for row in rows]
        assert kept == erased_rows, "the log keeps every row, without its position"
        trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
        names = [each["detail"].get("player") for each in trail if "player" in each["detail"]]
        assert "ada" not in names, "the trail has pseudonyms only"
        assert "erase" in {each["action"] for each in trail}
        client.headers.update(player)
        assert_problem(await client.click(id=mine[0]["id"], x=0), 422)
        operator(client)
        assert_problem(await client.get(f"{ADMIN}/players/a%20b"), 400)
        assert_problem(await client.get(f"{ADMIN}/players/ada?after=x"), 400)
        assert_problem(await client.get(f"{ADMIN}/audit?before=0"), 400)
        assert_problem(await client.get(f"{ADMIN}/audit?hunt=NO"), 400)
        assert_problem(await client.get(f"{HUNTS}/nowhere/players/ada/rewards"), 404)
