"""Challenges of visitors, over each way in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import trio

from hunt.store.challenges import UsedChallenges
from hunt.store.driver.pool import open_pool
from tests.support.problems import assert_problem, assert_slug
from tests.support.serving import Client, serving
from tests.support.siteverify import SECRET, SITE_KEY, Service, siteverify
from tests.support.solving import solve

ALTCHA: dict[str, Any] = {"challenge": "altcha", "challenge_work": 50}


async def become(client: Client, answer: str | None = None) -> httpx.Response:
    """Ask for a guest session as a new visitor."""
    client.cookies.clear()
    client.headers.pop("Authorization", None)
    headers = {} if answer is None else {"Hunt-Challenge": answer}
    return await client.post("/v1/session", headers=headers)


async def puzzle(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/v1/challenge")).json()
    assert found["kind"] == "altcha"
    return dict(found["puzzle"])


def third_party(service: Service, **options: Any) -> dict[str, Any]:
    given = {"challenge_site_key": SITE_KEY, "challenge_secret": SECRET}
    return {"challenge": "turnstile", "challenge_url": service.url} | given | options


async def test_visitors_are_not_asked_by_default(database: str) -> None:
    async with serving(database) as client:
        assert (await client.get("/v1/challenge")).json() == {"kind": "none"}
        assert (await become(client)).status_code == 201
        assert (await become(client, "any")).status_code == 201
        policy = (await client.get("/")).headers["Content-Security-Policy"]
        assert "https:" not in policy


async def test_visitor_becomes_a_guest_by_a_proof_of_work(database: str) -> None:
    async with serving(database, **ALTCHA) as client:
        assert_slug(await become(client), 403, "challenge-required")
        answer = solve(await puzzle(client))
        made = await become(client, answer)
        assert made.status_code == 201
        assert made.json()["player"].startswith("guest-")
        again = await client.post("/v1/session")  # with the cookie
        assert (again.status_code, again.json()) == (200, made.json())
        assert_slug(await become(client, answer), 403, "challenge-failed")
        assert_slug(await become(client, "rubbish"), 403, "challenge-failed")
        policy = (await client.get("/")).headers["Content-Security-Policy"]
        assert "https:" not in policy


async def test_answer_counts_once_on_all_nodes(database: str) -> None:
    async with serving(database, **ALTCHA) as one, serving(database, **ALTCHA) as other:
        answer = solve(await puzzle(one))
        assert (await become(other, answer)).status_code == 201
        assert_slug(await become(one, answer), 403, "challenge-failed")
        async with open_pool(database, size=1) as pool:
            used = UsedChallenges(pool)
            for expected in (True, False):
                assert await used.use("00" * 32, until=2**40) is expected
            for _ in range(2):
                assert await used.use("01" * 32, until=1), "what has expired is forgotten"


async def test_limit_of_an_address_counts_before_the_answer(database: str) -> None:
    async with serving(database, **ALTCHA, session_rate=0.01, session_burst=1) as client:
        assert_slug(await become(client), 403, "challenge-required")
        assert_slug(await become(client, "rubbish"), 403, "challenge-failed")
        assert_problem(await become(client, "rubbish"), 429)


@pytest.mark.parametrize(("admits", "status"), [("refuse", 503), ("admit", 201)])
async def test_database_without_answer(
    database: str, monkeypatch: pytest.MonkeyPatch, admits: str, status: int
) -> None:
    options = ALTCHA | {"challenge_outage": admits, "challenge_timeout": 0.2}
    async with serving(database, **options) as client:

        async def use(challenge: str, *, until: int) -> bool:
            await trio.sleep_forever()
            raise AssertionError

        assert client.engine.challenges is not None
        monkeypatch.setattr(client.engine.challenges._challenge, "_use", use)
        answer = solve(await puzzle(client))
        first = await become(client, answer)
        assert first.status_code == status
        if status == 503:
            assert_slug(first, 503, "challenge-unavailable")
            assert first.headers["Retry-After"] == "2"
        assert_slug(await become(client, answer), 403, "challenge-failed")
        assert client.engine.challenges.faults["challenge"] == 1


@pytest.mark.parametrize("kind", ["turnstile", "hcaptcha"])
async def test_third_party_verifies_answers(
    database: str, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with (
        siteverify() as service,
        serving(database, **third_party(service, challenge=kind)) as client,
    ):
        offered = (await client.get("/v1/challenge")).json()
        assert (offered["kind"], offered["site_key"]) == (kind, SITE_KEY)
        assert offered["script"].startswith("https://")
        assert_slug(await become(client), 403, "challenge-required")
        assert (await become(client, "right-1")).status_code == 201
        sent = {"secret": SECRET, "response": "right-1"}
        sitekey = {"sitekey": SITE_KEY} if kind == "hcaptcha" else {}
        assert service.forms == [sent | sitekey], "and not the address"
        assert_slug(await become(client, "right-1"), 403, "challenge-failed")
        assert_slug(await become(client, "wrong"), 403, "challenge-failed")
        policy = (await client.get("/")).headers["Content-Security-Policy"]
        host = offered["script"].split("/")[2].removeprefix("js.")
        assert policy.count(f"https://{host}") == (2 if kind == "turnstile" else 4)
        assert policy.startswith("default-src 'none'; script-src 'self'")
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param((500, b"{}"), id="500"),
        pytest.param((200, b"<html>"), id="no JSON"),
        pytest.param((200, b"x" * 70_000), id="endless"),
        pytest.param((200, b'{"success":false,"error-codes":["internal-error"]}'), id="internal"),
        pytest.param(None, id="silent"),
    ],
)
@pytest.mark.parametrize("admits", ["refuse", "admit"])
async def test_third_party_that_fails(
    database: str,
    capfd: pytest.CaptureFixture[str],
    admits: str,
    reply: tuple[int, bytes] | None,
) -> None:
    async with siteverify() as service:
        service.reply, service.silent = reply, reply is None
        timeout = 0.2 if reply is None else 30.0
        options = third_party(service, challenge_outage=admits, challenge_timeout=timeout)
        async with serving(database, **options) as client:
            response = await become(client, "right")
            if admits == "admit":
                assert response.status_code == 201
            else:
                assert_slug(response, 503, "challenge-unavailable")
            assert client.engine.challenges is not None
            assert client.engine.challenges.faults["challenge"] == 1
    logged = "".join(capfd.readouterr())
    assert "challenge not verified" in logged
    assert SECRET not in logged


async def test_third_party_that_is_away(database: str) -> None:
    async with siteverify() as service:
        options = third_party(service)
    async with serving(database, **options) as client:
        assert_slug(await become(client, "right"), 503, "challenge-unavailable")
        assert_slug(await become(client, "x" * 8001), 403, "challenge-failed")


async def test_wrong_secret_refuses_and_does_not_blame_the_visitor(database: str) -> None:
    async with siteverify() as service:
        options = third_party(service, challenge_secret="another-secret")
        async with serving(database, **options) as client:
            assert_slug(await become(client, "right"), 503, "challenge-unavailable")


async def test_players_with_tokens_are_not_asked(database: str) -> None:
    async with serving(database, **ALTCHA) as client:
        assert (await client.click()).status_code == 200
