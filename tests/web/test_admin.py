"""Administration over HTTP: what operators may do, and that nobody else may."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
import trio

from hunt.core.events import Click, Outcome
from hunt.engine import Host
from hunt.errors import StoreLost, StoreUnavailable
from hunt.store.audit import Entry
from tests.support.operators import ADMIN, HUNTS, RIVER, act, changed, operator
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer, serving


@pytest.fixture(autouse=True)
def way() -> None:
    """These routes have one way only, so once is enough."""


ROUTES = [
    ("GET", "/hunts"), ("POST", "/hunts"), ("GET", "/hunts/harbour"), ("PUT", "/hunts/harbour"),
    ("DELETE", "/hunts/harbour"),
    ("POST", "/hunts/harbour/open"), ("POST", "/hunts/harbour/pause"),
    ("POST", "/hunts/harbour/close"), ("GET", "/hunts/harbour/versions"),
    ("GET", "/hunts/harbour/stock"), ("PATCH", "/hunts/harbour/stock"),
    ("GET", "/hunts/harbour/players/ada/rewards"), ("GET", "/players/ada"),
    ("DELETE", "/players/ada"), ("GET", "/audit"), ("POST", "/drain"), ("POST", "/breaker"),
]  # fmt: skip


async def test_only_operators_may(database: str) -> None:
    async with serving(database) as client:
        known = {
            (method, rule.rule.replace("<hunt_id>", "harbour").replace("<player>", "ada"))
            for rule in _rules(client)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
            if rule.rule.startswith(ADMIN)
        }
        assert known == {(method, ADMIN + path) for method, path in ROUTES}
        session = await client.post("/v1/session")
        for headers in ({}, bearer("ada"), {"Authorization": "Basic x"}):
            client.headers.pop("Authorization", None)
            client.cookies.update(session.cookies)
            client.headers.update(headers)
            for method, path in ROUTES:
                response = await client.request(method, ADMIN + path, json={})
                assert_problem(response, 401)
                assert response.headers["WWW-Authenticate"]
        operator(client)
        assert (await client.click()).status_code == 401, "and an operator is no player"


def _rules(client: Client) -> Any:
    from hunt.web.app import create_app

    return create_app(lambda: client.engine).url_map.iter_rules()


async def test_a_hunt_from_its_making_to_its_end(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        made = await client.post(HUNTS, json=RIVER)
        assert (made.status_code, made.headers["Location"]) == (201, f"{HUNTS}/river")
        assert made.json()["state"] == "draft"
        assert made.json()["definition"] == RIVER
        assert_problem(await client.post(HUNTS, json=RIVER), 409)
        assert_problem(await client.post(f"{HUNTS}/river/pause"), 409)
        assert (await act(client, "POST", f"{HUNTS}/river/open"))["state"] == "open"
        assert (await act(client, "POST", f"{HUNTS}/river/pause"))["state"] == "paused"
        await changed(client, "river", "paused")
        assert (await client.get("/v1/hunts/river")).json()["state"] == "paused"
        assert "seed" not in (await client.get("/v1/hunts/river")).json()
        await act(client, "POST", f"{HUNTS}/river/open")
        assert (await act(client, "POST", f"{HUNTS}/river/close"))["state"] == "closed"
        await changed(client, "river", "closed")
        # Its seed is public now, and whoever knows it knows which click ids win.
        assert "seed" in (await client.get("/v1/hunts/river")).json()
        assert_problem(await client.post(f"{HUNTS}/river/open"), 409)
        assert_problem(await client.put(f"{HUNTS}/river", json=RIVER | {"title": "Again"}), 409)
        listed = (await act(client, "GET", HUNTS))["hunts"]
        assert [(each["id"], each["state"]) for each in listed] == [
            ("harbour", "open"), ("river", "closed"),
        ]  # fmt: skip
        trail = (await act(client, "GET", f"{ADMIN}/audit?hunt=river"))["entries"]
        assert [each["action"] for each in trail] == ["closed", "open", "paused", "open", "create"]
        assert {each["actor"] for each in trail} == {"root"}
        page = await act(client, "GET", f"{ADMIN}/audit?hunt=river&limit=2")
        rest = await act(client, "GET", f"{ADMIN}/audit?hunt=river&before={page['next']}")
        assert [*page["entries"], *rest["entries"]] == trail


async def test_a_paused_hunt_takes_no_clicks_and_keeps_its_streams(database: str) -> None:
    async with serving(database) as client, client.stream("GET", "/v1/hunts/harbour/events") as on:
        player = dict(client.headers)
        operator(client)
        await act(client, "POST", f"{HUNTS}/harbour/pause")
        await changed(client, "harbour", "paused")
        client.headers.update(player)
        assert_problem(await client.click(), 409)
        operator(client)
        await act(client, "POST", f"{HUNTS}/harbour/open")
        client.headers.update(player)
        answer = await client.click()
        assert answer.status_code == 200
        with trio.fail_after(5):
            async for chunk in on.aiter_raw():
                if answer.json()["id"].encode() in chunk:
                    break


async def test_odds_change_as_a_new_version_that_is_recorded(database: str) -> None:
    async with serving(database) as client:
        await client.click()
        operator(client, "eve")
        definition = (await act(client, "GET", f"{HUNTS}/harbour"))["definition"]
        definition["prizes"][0]["odds"] = 0.25
        answer = await act(client, "PUT", f"{HUNTS}/harbour", json=definition)
        assert (answer["version"], answer["changes"]) == (2, ["prize coin: odds 1.0 -> 0.25"])
        again = await act(client, "PUT", f"{HUNTS}/harbour", json=definition)
        assert (again["version"], again["changes"]) == (2, [])
        found = (await act(client, "GET", f"{HUNTS}/harbour/versions"))["versions"]
        assert [(each["version"], each["actor"]) for each in found] == [(2, "eve"), (1, "test")]
        assert [each["definition"]["prizes"][0]["odds"] for each in found] == [0.25, 1.0]
        for path in ("nowhere", "nowhere/versions", "nowhere/stock"):
            assert_problem(await client.get(f"{HUNTS}/{path}"), 404)
        assert_problem(await client.put(f"{HUNTS}/river", json=RIVER), 404)
        assert_problem(await client.put(f"{HUNTS}/harbour", json=RIVER), 400)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"id": "No"}, {"id"}),
        ({"opens_at": "soon", "closes_at": 7}, {"opens_at", "closes_at"}),
        ({"opens_at": "2026-01-01T00:00:00"}, {"opens_at"}),
        ({"map": None, "more": 1}, {"map", "map.width", "map.height", "more"}),
        ({"prizes": 1}, {"prizes"}),
        ({"prizes": [1, {"id": "a", "odds": 2, "stock": -1}]}, {
            "prizes[0]", "prizes[0].id", "prizes[0].title", "prizes[0].odds",
            "prizes[1].title", "prizes[1].odds", "prizes[1].stock",
        }),
    ],
)  # fmt: skip
async def test_400_says_what_is_wrong_with_a_hunt(
    database: str, change: dict[str, object], fields: set[str]
) -> None:
    async with serving(database) as client:
        operator(client)
        problem = assert_problem(await client.post(HUNTS, json=RIVER | change), 400)
        assert set(problem["errors"]) == fields


async def test_bodies(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        assert_problem(await client.post(HUNTS, content=b"{}"), 415)
        headers = {"Content-Type": "application/json"}
        for content in (b"", b"{", b"[]", b'"\xff"'):
            assert_problem(await client.post(HUNTS, content=content, headers=headers), 400)
        prizes = [{"id": f"p-{n}", "title": "x" * 100, "odds": 0} for n in range(100)]
        assert (await client.post(HUNTS, json=RIVER | {"prizes": prizes})).status_code == 201
        with suppress(httpx.ReadError, httpx.WriteError):  # it closes before it has read it all
            assert_problem(await client.post(HUNTS, json={"id": "x" * 300_000}), 413)


async def test_stock(database: str) -> None:
    async with serving(database) as client:
        player = dict(client.headers)
        assert (await client.click()).json()["prize"] == "coin"
        operator(client)
        path = f"{HUNTS}/harbour/stock"
        coin, chest = (await act(client, "GET", path))["prizes"]
        assert coin == {"id": "coin", "stock": 3, "stock_left": 2}
        assert chest == {"id": "chest", "stock": None, "stock_left": None}
        coin, _ = (await act(client, "PATCH", path, json={"coin": 1}))["prizes"]
        assert coin == {"id": "coin", "stock": 1, "stock_left": 0}
        client.headers.update(player)
        assert (await client.click()).json()["prize"] is None
        operator(client)
        coin, _ = (await act(client, "PATCH", path, json={"coin": None}))["prizes"]
        assert coin == {"id": "coin", "stock": None, "stock_left": None}
        assert set(assert_problem(await client.patch(path, json={"x": 1}), 400)["errors"]) == {"x"}
        problem = assert_problem(await client.patch(path, json={"coin": -1}), 400)
        assert set(problem["errors"]) == {"prizes[0].stock"}


async def test_what_is_known_of_a_player_and_then_nobody_knows(database: str) -> None:
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
        assert kept == rows, "the log has no hole"
        trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
        names = [each["detail"].get("player") for each in trail if "player" in each["detail"]]
        assert names.count("ada") == 1, "only who asked for ada after the erasure"
        assert "erase" in {each["action"] for each in trail}
        client.headers.update(player)
        assert_problem(await client.click(id=mine[0]["id"], x=0), 422)
        operator(client)
        assert_problem(await client.get(f"{ADMIN}/players/a%20b"), 400)
        assert_problem(await client.get(f"{ADMIN}/players/ada?after=x"), 400)
        assert_problem(await client.get(f"{ADMIN}/audit?before=0"), 400)
        assert_problem(await client.get(f"{ADMIN}/audit?hunt=NO"), 400)
        assert_problem(await client.get(f"{HUNTS}/nowhere/players/ada/rewards"), 404)


async def test_the_breaker_can_be_held_while_the_database_is_away(database: str) -> None:
    async with serving(database) as client:
        away, recorded = True, trio.Event()
        engine, record = client.engine, client.engine.store.audit.record
        player = dict(client.headers)

        async def sometimes(entry: Entry) -> None:
            if away:
                raise StoreUnavailable("away")
            await record(entry)
            recorded.set()

        engine.operations.audit_queue._record = sometimes
        operator(client)
        for force in ("open", "closed"):
            answer = await act(client, "POST", f"{ADMIN}/breaker", json={"force": force})
            assert answer == {"force": force, "state": force, "processes": 1}
            ready = await client.get("/readyz")
            assert ready.status_code == (503 if force == "open" else 200)
        client.headers.update(player)
        assert (await client.click()).status_code == 200
        operator(client)
        await act(client, "POST", f"{ADMIN}/breaker", json={"force": None})
        for wrong in ({}, {"force": "half-open"}, {"force": "open", "more": 1}, {"force": []}):
            assert_problem(await client.post(f"{ADMIN}/breaker", json=wrong), 400)
        away = False
        with trio.fail_after(5):
            await recorded.wait()
            while len(engine.operations.audit_queue._entries):
                await trio.lowlevel.checkpoint()
        trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
        assert [each["detail"]["force"] for each in trail if each["action"] == "breaker"] == [
            None, "closed", "open",
        ]  # fmt: skip


async def test_a_process_drains_when_it_is_told(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        response = await client.post(f"{ADMIN}/drain")
        assert response.status_code == 202
        with trio.fail_after(5):
            await client.engine.operations.drain._finished.wait()


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable, 503), (StoreLost, 504)])
async def test_the_stores_trouble_is_told_as_such(
    database: str, error: type[Exception], status: int
) -> None:
    async with serving(database) as client:

        async def fails(*_: object, **__: object) -> Sequence[Click | Outcome]:
            raise error("dsn with a secret")

        client.engine.store.hunts.open = fails  # type: ignore[assignment, method-assign]
        operator(client)
        response = await client.post(f"{HUNTS}/harbour/open")
        assert "secret" not in assert_problem(response, status)["detail"]


async def test_operators_can_be_served_elsewhere(database: str) -> None:
    async def statuses(client: httpx.AsyncClient) -> list[int]:
        paths = ("/metrics", HUNTS, "/livez", "/v1/hunts")
        return [(await client.get(path)).status_code for path in paths]

    async with serving(database, operations_bind="127.0.0.1:1") as client:
        operator(client)
        assert await statuses(client) == [404, 404, 200, 200]
        client.headers.pop("Authorization")
        assert (await client.get(HUNTS)).status_code == 404, "not even that there is a door"
        own_socket = f"{client.base_url.host}:{client.base_url.port}"
        client.engine.operations = replace(
            client.engine.operations, host=Host(own_socket=own_socket)
        )
        operator(client)
        assert await statuses(client) == [200, 200, 200, 200]
