"""Each operators' route is open to the roles that it names, and to no other."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from hunt.core.tokens import ROLES
from hunt.web.admin.rights import RIGHTS
from hunt.web.app import create_app
from hunt.web.resources import make_resources
from tests.support.operators import ADMIN, HUNTS, act
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer, serving

#: A request to each route, in an order in which an operator can send them.
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "admin.hunts": ("GET", HUNTS, {}),
    "admin.stock": ("GET", f"{HUNTS}/harbour/stock", {}),
    "ops.newest": ("GET", "/ops/sample", {}),
    "ops.kept": ("GET", "/ops/kept", {}),
    "admin.create": ("POST", HUNTS, {"json": {}}),
    "admin.hunt": ("GET", f"{HUNTS}/harbour", {}),
    "admin.change": ("PUT", f"{HUNTS}/harbour", {"json": {}}),
    "admin.delete": ("DELETE", f"{HUNTS}/harbour", {}),
    "admin.versions": ("GET", f"{HUNTS}/harbour/versions", {}),
    "admin.change_stock": ("PATCH", f"{HUNTS}/harbour/stock", {"json": {}}),
    "admin.open_": ("POST", f"{HUNTS}/harbour/open", {}),
    "admin.pause": ("POST", f"{HUNTS}/harbour/pause", {}),
    "admin.announce": ("PUT", f"{HUNTS}/nowhere/announcement", {"json": {"text": "x"}}),
    "admin.seed_share": ("PUT", f"{HUNTS}/nowhere/seed-share", {"json": {"share": "0" * 64}}),
    "admin.close": ("POST", f"{HUNTS}/nowhere/close", {}),
    "admin_campaigns.campaigns": ("GET", f"{ADMIN}/campaigns", {}),
    "admin_campaigns.campaign": ("GET", f"{ADMIN}/campaigns/nowhere", {}),
    "admin_campaigns.change": ("PUT", f"{ADMIN}/campaigns/nowhere", {"json": {}}),
    "admin_campaigns.delete": ("DELETE", f"{ADMIN}/campaigns/nowhere", {}),
    "admin_campaigns.open_": ("POST", f"{ADMIN}/campaigns/nowhere/open", {}),
    "admin_campaigns.pause": ("POST", f"{ADMIN}/campaigns/nowhere/pause", {}),
    "admin_campaigns.close": ("POST", f"{ADMIN}/campaigns/nowhere/close", {}),
    "admin_campaigns.schedule": ("GET", f"{ADMIN}/campaigns/nowhere/schedule", {}),
    "admin_campaigns.add_to_schedule": (
        "POST",
        f"{ADMIN}/campaigns/nowhere/schedule",
        {"json": {}},
    ),
    "admin_export.export": ("GET", f"{HUNTS}/harbour/export", {}),
    "admin_codes.status": ("GET", f"{HUNTS}/harbour/codes", {}),
    "admin_codes.load": ("POST", f"{HUNTS}/harbour/prizes/coin/codes", {"json": {}}),
    "admin_winners.winners": ("GET", f"{HUNTS}/harbour/winners", {}),
    "admin_rewards.show": ("GET", f"{HUNTS}/harbour/rewards/1", {}),
    "admin_rewards.sent": ("POST", f"{HUNTS}/harbour/rewards/sent", {"json": {}}),
    "admin_rewards.void": ("POST", f"{HUNTS}/harbour/rewards/void", {"json": {}}),
    "admin_players.rewards": ("GET", f"{HUNTS}/harbour/players/ada/rewards", {}),
    "admin_players.export": ("GET", f"{ADMIN}/players/ada", {}),
    "admin_players.erase": ("DELETE", f"{ADMIN}/players/nobody", {}),
    "admin_players.names": ("GET", f"{ADMIN}/names?name=ada", {}),
    "admin_players.refuse": ("PUT", f"{ADMIN}/players/nobody/name", {"json": {}}),
    "admin_bans.listed": ("GET", f"{ADMIN}/bans", {}),
    "admin_bans.add": ("POST", f"{ADMIN}/bans", {"json": {}}),
    "admin_schedule.entries": ("GET", f"{HUNTS}/harbour/schedule", {}),
    "admin_schedule.add": ("POST", f"{HUNTS}/harbour/schedule", {"json": {}}),
    "admin_schedule.remove": ("DELETE", f"{HUNTS}/harbour/schedule/1", {}),
    "admin_bans.remove": ("DELETE", f"{ADMIN}/bans/1", {}),
    "admin_live.live": ("GET", f"{HUNTS}/harbour/live", {}),
    "admin_anomalies.anomalies": ("GET", f"{HUNTS}/harbour/anomalies", {}),
    "admin_addresses.counters": ("GET", "/ops/addresses/harbour", {}),
    "admin_audit.audit": ("GET", f"{ADMIN}/audit", {}),
    "admin_webhooks.every": ("GET", f"{ADMIN}/webhooks", {}),
    "admin_webhooks.webhooks": ("GET", f"{HUNTS}/harbour/webhooks", {}),
    "admin_webhooks.webhook": ("GET", f"{HUNTS}/harbour/webhooks/1", {}),
    "admin_webhooks.dead": ("GET", f"{HUNTS}/harbour/webhooks/1/dead", {}),
    "admin_webhooks.create": ("POST", f"{HUNTS}/harbour/webhooks", {"json": {}}),
    "admin_webhooks.change": ("PATCH", f"{HUNTS}/harbour/webhooks/1", {"json": {}}),
    "admin_webhooks.remove": ("DELETE", f"{HUNTS}/harbour/webhooks/1", {}),
    "admin_webhooks.rotate": ("POST", f"{HUNTS}/harbour/webhooks/1/rotate", {"json": {}}),
    "admin_webhooks.test": ("POST", f"{HUNTS}/harbour/webhooks/1/test", {}),
    "admin_webhooks.skip": ("POST", f"{HUNTS}/harbour/webhooks/1/skip", {}),
    "admin_webhooks.replay": ("POST", f"{HUNTS}/harbour/webhooks/1/replay", {"json": {}}),
    "process.drain": ("POST", f"{ADMIN}/drain?process=x", {}),
    "process.breaker": ("POST", f"{ADMIN}/breaker", {"json": {}}),
}


async def allowed(client: Client, name: str) -> bool:
    method, path, options = REQUESTS[name]
    response = await client.request(method, path, **options)
    if response.status_code == 403:
        assert_problem(response, 403)
        assert "this needs the role" in response.json()["detail"]
    return response.status_code != 403


async def test_every_route_names_its_roles(database: str) -> None:
    async with serving(database) as client:
        rules = create_app(client.engine, make_resources(client.engine)).url_map.iter_rules()
        routes = {rule.endpoint for rule in rules if rule.rule.startswith(("/v1/admin", "/ops/"))}
        assert routes == set(RIGHTS)
        streams = {"ops.samples", "admin_events.events"}
        assert set(RIGHTS) - set(REQUESTS) == streams, "their check is the same"


@pytest.mark.parametrize("role", ROLES)
async def test_role_may_use_its_routes_only(database: str, role: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer("root", audience="hunt-admin", roles=[role]))
        expected = {name: role == "operator" or role in RIGHTS[name] for name in REQUESTS}
        assert {name: await allowed(client, name) for name in REQUESTS} == expected


async def test_token_without_roles_may_use_all_and_an_unknown_role_none(database: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer("root", audience="hunt-admin"))
        assert all([await allowed(client, name) for name in REQUESTS])
        client.headers.update(bearer("root", audience="hunt-admin", roles=["king"]))
        assert not any([await allowed(client, name) for name in REQUESTS])
        client.headers.update(bearer("root", audience="hunt-admin", roles=["viewer", "support"]))
        assert await allowed(client, "admin_players.export")


async def test_refusal_of_a_role_is_in_the_audit_trail(database: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer("eve", audience="hunt-admin", roles=["viewer"]))
        assert not await allowed(client, "admin_players.erase")
        client.headers.update(bearer("root", audience="hunt-admin"))
        refused: list[str] = []
        with trio.fail_after(10):
            while not refused:  # refusals are recorded after the answer
                trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
                refused = [each["actor"] for each in trail if each["action"] == "refused"]
        assert refused == ["eve"]
