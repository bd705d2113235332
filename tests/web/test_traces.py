"""What operators do, and who tried to be one, is on record."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from tests.support.operators import ADMIN, HUNTS, act, bound, operator
from tests.support.problems import assert_problem
from tests.support.serving import HARBOUR, Client, serving, token


@pytest.fixture(autouse=True)
def way() -> None:
    """These routes have one way only, so once is enough."""


async def trail(client: Client) -> list[dict[str, Any]]:
    """Return the audit trail, the newest first, once all of it is recorded."""
    with trio.fail_after(10):
        while client.engine.operations.audit_queue._entries:
            await trio.sleep(0.01)
    operator(client)
    entries: list[dict[str, Any]] = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
    return entries


async def test_refused_sign_ins_leave_a_trace_without_the_token(database: str) -> None:
    expired, player = token("eve", ttl=-5, audience="hunt-admin"), token("ada")
    with capture_logs() as lines:
        async with serving(database) as client:
            for credential in (expired, player):
                client.headers["Authorization"] = f"Bearer {credential}"
                assert_problem(await client.get(f"{HUNTS}/harbour?x=secret"), 401)
            del client.headers["Authorization"]
            assert_problem(await client.get("/ops/sample"), 401)
            entries = await trail(client)
    refused = [each for each in entries if each["action"] == "sign-in refused"]
    assert [each["hunt"] for each in refused] == [None, "harbour", "harbour"]
    assert {each["actor"] for each in refused} == {"(not signed in)"}
    assert refused[1]["detail"] == {
        "reason": "the token is not valid",
        "method": "GET",
        "route": "/v1/admin/hunts/<hunt_id>",
        "address": "127.0.0.1",
    }
    assert refused[0]["detail"]["route"] == "/ops/sample"
    logged = [each for each in lines if each["event"] == "operator action"]
    assert [each["action"] for each in logged] == ["sign-in refused"] * 3
    told = json.dumps([lines, entries], default=str)
    for secret in (expired, player, "secret", "Bearer"):
        assert secret not in told


async def test_traces_of_sign_ins_are_bounded_and_counted(database: str) -> None:
    async with serving(database) as client:
        clock = 0.0
        client.engine.operations.sign_ins._limiter._clock = lambda: clock
        client.headers["Authorization"] = "Bearer guess"
        for _ in range(50):
            assert_problem(await client.get(f"{ADMIN}/audit"), 401)
        clock = 60.0
        assert_problem(await client.get(f"{ADMIN}/audit"), 401)
        refused = [e for e in await trail(client) if e["action"] == "sign-in refused"]
        assert len(refused) == 4
        assert refused[0]["detail"]["more_like_it"] == 47


async def test_an_operator_of_other_hunts_leaves_a_trace(database: str) -> None:
    async with serving(database) as client:
        bound(client, "river")
        assert_problem(await client.post(f"{HUNTS}/harbour/close"), 403)
        assert_problem(await client.post(f"{ADMIN}/drain"), 403)
        drain, close = [e for e in await trail(client) if e["action"] == "refused"]
        assert (close["actor"], close["hunt"]) == ("eve", "harbour")
        assert close["detail"]["method"] == "POST"
        assert (drain["actor"], drain["hunt"]) == ("eve", None)


async def test_reading_positions_and_rewards_is_recorded(database: str) -> None:
    async with serving(database) as client:
        operator(client, "reader")
        definition = (await act(client, "GET", f"{HUNTS}/harbour"))["definition"]
        assert definition["prizes"][1]["odds"]["at"] == list(HARBOUR.prizes[1].odds.at)  # type: ignore[union-attr]
        await act(client, "GET", f"{HUNTS}/harbour/versions")
        await act(client, "PUT", f"{HUNTS}/harbour", json=definition)  # changes nothing
        await act(client, "POST", f"{HUNTS}/harbour/open")  # it is open
        await act(client, "GET", f"{HUNTS}/harbour/players/ada/rewards")
        await act(client, "GET", f"{HUNTS}/harbour/stock")  # has no positions
        await act(client, "POST", f"{HUNTS}/harbour/pause")
        made = [
            (each["action"], each["hunt"], each["detail"])
            for each in await trail(client)
            if each["actor"] == "reader"
        ]
    assert made == [
        ("paused", "harbour", {"before": "open"}),
        ("rewards", "harbour", {"player": "ada"}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
    ]
