"""Operator routes check the token, its claim ``hunts``, and the address."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from hunt.host import Host
from tests.support.operators import ADMIN, HUNTS, RIVER, act, bound, changed, operator
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer, serving, stream

#: Values of the parameters in paths.
PARAMETERS = {
    "hunt_id": "harbour", "campaign": "advent", "player": "ada", "prize": "coin", "seq": "1",
    "webhook_id": "1", "ban": "1", "entry": "1",
}  # fmt: skip


def path_of(rule: str) -> str:
    """Return a path that fits a rule."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda each: PARAMETERS[each[1]], rule)


#: Routes without a hunt in their path that a bound operator may use.  A test below checks for
#: each that it shows and changes no other hunt.
BOUND = {
    ("GET", "/v1/admin/hunts"),
    ("POST", "/v1/admin/hunts"),
    ("GET", "/v1/admin/players/<player>"),
    ("GET", "/v1/admin/audit"),
    ("GET", "/v1/admin/webhooks"),
    ("GET", "/v1/admin/bans"),
    ("POST", "/v1/admin/bans"),
    ("DELETE", "/v1/admin/bans/<int:ban>"),
    ("GET", "/ops/samples"),
    ("GET", "/ops/sample"),
    ("GET", "/ops/kept"),
}


def restricted(client: Client) -> set[tuple[str, str]]:
    """Return method and rule of every operator route."""
    from hunt.web.app import create_app
    from hunt.web.resources import make_resources

    rules = create_app(client.engine, make_resources(client.engine)).url_map.iter_rules()
    return {
        (method, rule.rule)
        for rule in rules
        if rule.rule.startswith(("/v1/admin", "/ops/"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


async def test_player_tokens_and_cookies_are_refused(database: str) -> None:
    async with serving(database) as client:
        routes = {(method, rule) for method, rule in restricted(client) if "/v1/admin" in rule}
        assert {("PUT", f"{HUNTS}/<hunt_id>"), ("POST", f"{ADMIN}/drain")} <= routes
        session = await client.post("/v1/session")
        for headers in ({}, bearer("ada"), {"Authorization": "Basic x"}):
            client.headers.pop("Authorization", None)
            client.cookies.update(session.cookies)
            client.headers.update(headers)
            for method, rule in sorted(routes):
                response = await client.request(method, path_of(rule), json={})
                assert_problem(response, 401)
                assert response.headers["WWW-Authenticate"]
        operator(client)
        assert (await client.click()).status_code == 401, "an operator token is no player token"


async def test_routes_exist_at_the_operations_address_only(database: str) -> None:
    async def statuses(client: httpx.AsyncClient) -> list[int]:
        paths = ("/metrics", HUNTS, "/livez", "/v1/hunts")
        return [(await client.get(path)).status_code for path in paths]

    async with serving(database, operations_bind="127.0.0.1:1") as client:
        operator(client)
        assert await statuses(client) == [404, 404, 200, 200]
        client.headers.pop("Authorization")
        assert (await client.get(HUNTS)).status_code == 404, "404 before 401"
        own_socket = f"{client.base_url.host}:{client.base_url.port}"
        # The process learns its own socket before it serves; here the port is new.
        # ruff: ignore[unnecessary-dunder-call] - the bundle is frozen
        object.__setattr__(client.engine.operations, "host", Host(own_socket=own_socket))
        operator(client)
        assert await statuses(client) == [200, 200, 200, 200]


async def test_bound_operator_may_not_use_routes_of_another_hunt(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        before = await act(client, "GET", f"{HUNTS}/harbour")
        routes = restricted(client)
        assert {("PUT", f"{HUNTS}/<hunt_id>"), ("POST", f"{ADMIN}/drain")} <= routes
        assert routes >= BOUND
        assert any("<hunt_id>" in rule for _, rule in routes)
        bound(client, "other")
        # Campaigns have a test of their own, in test_campaigns.py.
        others = {each for each in routes - BOUND if "/campaigns" not in each[1]}
        for method, rule in sorted(others):
            for body in ({}, RIVER, {"force": "open"}):
                response = await client.request(method, path_of(rule), json=body)
                assert response.status_code == 403, (method, rule)
                assert_problem(response, 403)
        operator(client)
        assert await act(client, "GET", f"{HUNTS}/harbour") == before
        assert client.engine.commits.breaker.forced is None
        assert not client.engine.readiness.draining


async def test_bound_operator_administers_own_hunt(database: str) -> None:
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


async def test_lists_contain_only_the_hunts_of_a_bound_operator(database: str) -> None:
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
            while True:  # in pages, to check the cursor as well
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
        assert ["river"] in exports, "the record of an export names its hunts"


async def test_sample_stream_contains_only_the_hunts_of_a_bound_operator(database: str) -> None:
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
