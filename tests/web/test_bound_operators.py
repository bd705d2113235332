"""The claim `hunts` binds an operator's token on every route of administration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.operators import ADMIN, HUNTS, RIVER, act, bound, changed, operator
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer, serving, stream


@pytest.fixture(autouse=True)
def way() -> None:
    """These routes have one way only, so once is enough."""


#: Routes that name no hunt in their path and serve a bound operator; each has a test below
#: which checks that it shows, and does, nothing of other hunts.
BOUND = {
    ("GET", "/v1/admin/hunts"),
    ("POST", "/v1/admin/hunts"),
    ("GET", "/v1/admin/players/<player>"),
    ("GET", "/v1/admin/audit"),
    ("GET", "/ops/samples"),
    ("GET", "/ops/sample"),
}


def restricted(client: Client) -> set[tuple[str, str]]:
    """Return the method and rule of each route that is for operators."""
    from hunt.web.app import create_app

    rules = create_app(lambda: client.engine).url_map.iter_rules()
    return {
        (method, rule.rule)
        for rule in rules
        if rule.rule.startswith(("/v1/admin", "/ops/"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


async def test_every_route_of_another_hunt_is_forbidden(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        before = await act(client, "GET", f"{HUNTS}/harbour")
        routes = restricted(client)
        assert {("PUT", f"{HUNTS}/<hunt_id>"), ("POST", f"{ADMIN}/drain")} <= routes
        assert routes >= BOUND
        assert any("<hunt_id>" in rule for _, rule in routes)
        bound(client, "other")
        for method, rule in sorted(routes - BOUND):
            path = rule.replace("<hunt_id>", "harbour").replace("<player>", "ada")
            assert "<" not in path, f"{path}: say what stands for this part"
            for body in ({}, RIVER, {"force": "open"}):
                response = await client.request(method, path, json=body)
                assert_problem(response, 403)
        operator(client)
        assert await act(client, "GET", f"{HUNTS}/harbour") == before
        assert client.engine.commits.breaker.forced is None
        assert not client.engine.readiness.draining


async def test_a_bound_operator_administers_their_own_hunt(database: str) -> None:
    async with serving(database) as client:
        bound(client, "river")
        assert_problem(await client.post(HUNTS, json=RIVER | {"id": "harbour"}), 403)
        assert_problem(await client.post(HUNTS, json=RIVER | {"id": "lake"}), 403)
        assert (await client.post(HUNTS, json=RIVER)).status_code == 201
        assert (await act(client, "POST", f"{HUNTS}/river/open"))["state"] == "open"
        assert (await act(client, "GET", f"{HUNTS}/river/versions"))["versions"]
        assert_problem(await client.get(f"{HUNTS}/harbour/versions"), 403)
        operator(client)
        assert_problem(await client.get(f"{HUNTS}/lake"), 404)


async def test_lists_show_a_bound_operator_only_their_hunts(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        await act(client, "POST", HUNTS, json=RIVER)
        await act(client, "POST", f"{HUNTS}/river/open")
        await changed(client, "river", "open")
        client.headers.update(bearer("ada"))
        mine = (await client.click()).json()
        other = {"id": "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e91", "x": 1, "y": 1}
        assert (await client.post("/v1/hunts/river/clicks", json=other)).status_code == 200
        for hunts, clicks in (
            (["river"], [other["id"]]),
            (["harbour"], [mine["id"]]),
            (["harbour", "river"], [mine["id"], other["id"]]),
            ([], []),
            (["nowhere"], []),
        ):
            bound(client, *hunts)
            listed = await act(client, "GET", HUNTS)
            assert [each["id"] for each in listed["hunts"]] == [h for h in hunts if h != "nowhere"]
            found: list[Any] = []
            after = ""
            while True:  # a page at a time, so that the cursor is bound, too
                page = await act(client, "GET", f"{ADMIN}/players/ada?limit=1{after}")
                found += [each["id"] for each in page["clicks"]]
                if page["next"] is None:
                    break
                after = f"&after={page['next']}"
            assert found == clicks
            trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
            assert {each["hunt"] for each in trail} == {h for h in hunts if h != "nowhere"}
            for hunt in ("harbour", "river"):
                response = await client.get(f"{ADMIN}/audit?hunt={hunt}")
                assert response.status_code == (200 if hunt in hunts else 403)
        operator(client)
        exports = [
            each["detail"].get("hunts")
            for each in (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
            if each["action"] == "export"
        ]
        assert ["river"] in exports, "an export says which hunts it was of"


async def test_the_operations_page_shows_a_bound_operator_only_their_hunts(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        await act(client, "POST", HUNTS, json=RIVER)
        await changed(client, "river", "draft")
        for hunts in (["river"], []):
            bound(client, *hunts)
            async with stream(client, "/ops/samples") as events:
                while (event := await events.next()).event != "hunts":
                    pass
                shown = json.loads(event.data)
                assert [each["id"] for each in shown["hunts"]] == hunts
                assert shown["more"] == 0
                while (await events.next()).event != "processes":
                    pass
                assert b"harbour" not in events.raw
            assert b"harbour" not in (await client.get("/ops/sample")).content
