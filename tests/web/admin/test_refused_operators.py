"""Refused requests of operators are written to the log and to the audit trail."""

from __future__ import annotations

import json

from structlog.testing import capture_logs

from tests.support.operators import ADMIN, HUNTS, audit_trail, bound
from tests.support.problems import assert_problem
from tests.support.serving import serving, token


async def test_refused_sign_in_is_recorded_without_the_token(database: str) -> None:
    expired, player = token("eve", ttl=-5, audience="hunt-admin"), token("ada")
    with capture_logs() as lines:
        async with serving(database) as client:
            for credential in (expired, player):
                client.headers["Authorization"] = f"Bearer {credential}"
                assert_problem(await client.get(f"{HUNTS}/harbour?x=secret"), 401)
            del client.headers["Authorization"]
            assert_problem(await client.get("/ops/sample"), 401)
            entries = await audit_trail(client)
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


async def test_records_of_refused_sign_ins_are_rate_limited_and_counted(database: str) -> None:
    async with serving(database) as client:
        clock = 0.0
        client.engine.operations.sign_ins._clock = lambda: clock
        client.headers["Authorization"] = "Bearer guess"
        for _ in range(50):
            assert_problem(await client.get(f"{ADMIN}/audit"), 401)
        clock = 60.0
        assert_problem(await client.get(f"{ADMIN}/audit"), 401)
        refused = [e for e in await audit_trail(client) if e["action"] == "sign-in refused"]
        assert len(refused) == 4
        assert refused[0]["detail"]["more_like_it"] == 47


async def test_refused_bound_operator_is_recorded(database: str) -> None:
    async with serving(database) as client:
        bound(client, "river")
        assert_problem(await client.post(f"{HUNTS}/harbour/close"), 403)
        assert_problem(await client.post(f"{ADMIN}/drain"), 403)
        drain, close = [e for e in await audit_trail(client) if e["action"] == "refused"]
        assert (close["actor"], close["hunt"]) == ("eve", "harbour")
        assert close["detail"]["method"] == "POST"
        assert (drain["actor"], drain["hunt"]) == ("eve", None)
