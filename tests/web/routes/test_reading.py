from __future__ import annotations

import hashlib
import uuid

import trio

from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.problems import assert_problem
from tests.support.serving import serving


async def test_reads_return_hunt_rewards_and_leaders(database: str) -> None:
    async with serving(database) as client:
        for _ in range(3):
            await client.click(id=str(uuid.uuid4()))
        listed = (await client.get("/v1/hunts")).json()["hunts"]
        assert [(each["id"], each["state"]) for each in listed] == [("harbour", "open")]
        response = await client.get("/v1/hunts/harbour")
        shown = response.json()
        assert shown["map"] == {"width": 100, "height": 50}
        assert shown["prizes"][1]["odds"] == {"peak": 0.0}, "places are never shown"
        assert len(shown["commitment"]) == 64
        assert "seed" not in shown
        tag = {"If-None-Match": response.headers["ETag"]}
        assert (await client.get("/v1/hunts/harbour", headers=tag)).status_code == 304
        page = (await client.get("/v1/hunts/harbour/rewards?limit=2")).json()
        assert [each["seq"] for each in page["rewards"]] == [1, 2]
        rest = (await client.get(f"/v1/hunts/harbour/rewards?after={page['next']}")).json()
        assert ([each["seq"] for each in rest["rewards"]], rest["next"]) == ([3], None)
        for query in ("limit=0", "limit=x", "after=-1"):
            assert_problem(await client.get(f"/v1/hunts/harbour/rewards?{query}"), 400)
        assert_problem(await client.get("/v1/hunts/nowhere"), 404)


async def test_seed_is_shown_after_the_end(database: str) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        before = (await client.get("/v1/hunts/harbour")).json()
        await Hunts(pool).close("harbour")
        with trio.fail_after(5):
            while "seed" not in (after := (await client.get("/v1/hunts/harbour")).json()):
                await trio.lowlevel.checkpoint()
        assert hashlib.sha256(bytes.fromhex(after["seed"])).hexdigest() == before["commitment"]
        assert (await client.get("/v1/hunts/harbour/events")).status_code == 204
