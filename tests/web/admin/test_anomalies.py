"""Operators list players and addresses with unusual figures."""

from __future__ import annotations

import json

import pytest
import trio

from hunt.store.driver.pool import open_pool
from hunt.web.admin.anomalies import LEAST_PLAYERS
from tests.store.test_anomalies import GAME, UNIFORM
from tests.support.honest_players import Players, record
from tests.support.operators import HUNTS, act, bound, operator
from tests.support.problems import assert_problem
from tests.support.serving import bearer, serving
from tests.support.words import has_word

ANOMALIES = f"{HUNTS}/harbour/anomalies"


async def test_unusual_player_is_listed_with_figures_and_ban(database: str) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        rows = list(Players(GAME, 3, UNIFORM).regular("bot", (1.0, 1.0), gap=2, count=150))
        await record(pool, "harbour", rows)
        operator(client)
        found = await act(client, "GET", ANOMALIES)
        assert found["window"]["clicks"] == 150
        assert (found["addresses"], found["silent"]) == ([], 0)
        [bot] = found["players"]
        assert (bot["player"], bot["reasons"], bot["banned"]) == ("bot", ["regular"], False)
        assert bot["interval_mean"] == pytest.approx(2, rel=0.01)
        await client.post("/v1/admin/bans", json={"player": "bot", "hunt": "harbour"})
        with trio.fail_after(10):
            while not (await act(client, "GET", ANOMALIES))["players"][0]["banned"]:
                await trio.sleep(0.01)
        assert (await act(client, "GET", f"{ANOMALIES}?clicks=100"))["players"] == []
        trail = (await act(client, "GET", "/v1/admin/audit"))["entries"]
        assert {"anomalies"} <= {each["action"] for each in trail}


async def test_address_with_many_players_is_listed(database: str) -> None:
    async with serving(database, trusted_proxies=("127.0.0.1",)) as client:
        for number in range(LEAST_PLAYERS + 10):
            near = {"X-Forwarded-For": "203.0.113.9"} | bearer(f"player-{number}")
            body = {"id": f"00000000-0000-4000-8000-{number:012x}", "x": 1, "y": 2}
            path = "/v1/hunts/harbour/clicks"
            for headers in (near, near, bearer("ada") | {"X-Forwarded-For": "203.0.113.1"}):
                await client.post(path, json=body, headers=headers)
        operator(client)
        [found] = (await act(client, "GET", ANOMALIES))["addresses"]
        assert (found["address"], found["banned"]) == ("203.0.113.9", False)
        assert found["players"] == pytest.approx(LEAST_PLAYERS + 10, abs=5)
        counters = (await client.get("/ops/addresses/harbour")).json()
        assert list(counters) == ["203.0.113.9"]
        await client.post("/v1/admin/bans", json={"network": "203.0.113.0/24"})
        with trio.fail_after(10):
            while not (await act(client, "GET", ANOMALIES))["addresses"][0]["banned"]:
                await trio.sleep(0.01)


async def test_counted_player_is_not_shown_to_others(database: str) -> None:
    async with serving(database) as client:
        for name in ("ada", "bob"):
            client.headers.update(bearer(name))
            await client.click()
        operator(client)
        body = (await client.get("/ops/addresses/harbour")).text
        assert not has_word(body, "ada")
        assert json.loads(body)
        bound(client, "river")
        assert_problem(await client.get("/ops/addresses/harbour"), 403)
        assert_problem(await client.get(ANOMALIES), 403)


async def test_wrong_request_is_refused(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        assert_problem(await client.get(f"{HUNTS}/nowhere/anomalies"), 404)
        problem = assert_problem(await client.get(f"{ANOMALIES}?clicks=50001"), 400)
        assert list(problem["errors"]) == ["clicks"]
