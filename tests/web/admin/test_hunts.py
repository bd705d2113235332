"""Operators create, change, open, pause, close and delete hunts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import httpx
import pytest
import trio

from hunt.core.events import Click, Outcome
from hunt.errors import StoreLost, StoreUnavailable
from tests.support.operators import ADMIN, HUNTS, RIVER, act, changed, operator
from tests.support.problems import assert_problem
from tests.support.serving import serving


async def test_hunt_is_created_opened_paused_and_closed(database: str) -> None:
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
        # The seed is public now, and determines which click ids win.
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


async def test_paused_hunt_refuses_clicks_and_keeps_streams(database: str) -> None:
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


async def test_change_creates_a_version(database: str) -> None:
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
async def test_invalid_definition_names_the_fields(
    database: str, change: dict[str, object], fields: set[str]
) -> None:
    async with serving(database) as client:
        operator(client)
        problem = assert_problem(await client.post(HUNTS, json=RIVER | change), 400)
        assert set(problem["errors"]) == fields


async def test_invalid_or_large_body_is_refused(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        assert_problem(await client.post(HUNTS, content=b"{}"), 415)
        headers = {"Content-Type": "application/json"}
        for content in (b"", b"{", b"[]", b'"\xff"'):
            assert_problem(await client.post(HUNTS, content=content, headers=headers), 400)
        prizes = [{"id": f"p-{n}", "title": "x" * 100, "odds": 0} for n in range(100)]
        assert (await client.post(HUNTS, json=RIVER | {"prizes": prizes})).status_code == 201
        with suppress(httpx.ReadError, httpx.WriteError):  # the server closes the connection first
            assert_problem(await client.post(HUNTS, json={"id": "x" * 300_000}), 413)


async def test_stock_is_shown_and_changed(database: str) -> None:
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


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable, 503), (StoreLost, 504)])
async def test_store_errors_have_their_own_status(
    database: str, error: type[Exception], status: int
) -> None:
    async with serving(database) as client:

        async def fails(*_: object, **__: object) -> Sequence[Click | Outcome]:
            raise error("dsn with a secret")

        client.engine.store.hunts.open = fails  # type: ignore[assignment, method-assign]
        operator(client)
        response = await client.post(f"{HUNTS}/harbour/open")
        assert "secret" not in assert_problem(response, status)["detail"]
