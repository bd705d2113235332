"""A player claims a reward, over each way into the server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.claims import Claim
from tests.support.claims import FIELDS, FORM, asking, change, claim, claiming
from tests.support.operators import HUNTS, act, operator
from tests.support.problems import assert_problem
from tests.support.raw_websocket import next_of, opened
from tests.support.serving import Client, bearer, reward_in, stream


def problem(answer: object, status: int, slug: str) -> dict[str, object]:
    assert_problem(answer, status)  # type: ignore[arg-type]
    body: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    assert str(body["type"]).endswith(f"#{slug}")
    return body


async def mark(client: Client, state: str, **body: object) -> None:
    player = dict(client.headers)
    operator(client)
    await act(client, "POST", f"{HUNTS}/harbour/rewards/{state}", json=body)
    client.headers.update(player)


async def test_hunt_shows_the_form(database: str) -> None:
    async with claiming(database) as client:
        coin, chest = (await client.get("/v1/hunts/harbour")).json()["prizes"]
        assert coin["claim"]["until"] == "2 weeks"
        assert coin["claim"]["fields"][0] == {
            "name": "email", "label": "E-mail", "kind": "email", "required": True, "max": 200,
        }  # fmt: skip
        assert "claim" not in chest


async def test_claim_is_idempotent_and_replaceable_until_sent(database: str) -> None:
    async with claiming(database) as client:
        won = (await client.click()).json()
        assert "state" not in won
        first = await claim(client)
        assert first.status_code == 200
        assert first.json() == reward_in(won) | {"state": "claimed"}
        assert (await claim(client)).json() == first.json()
        assert (await claim(client, email="bob@example.org")).status_code == 200
        history = (await client.get("/v1/hunts/harbour/rewards")).json()["rewards"]
        assert history == [first.json()]
        await mark(client, "sent", seqs=[1])
        repeated = await claim(client, email="bob@example.org")
        assert (repeated.status_code, repeated.json()["state"]) == (200, "sent")
        assert problem(await claim(client), 409, "claim-refused")["state"] == "sent"


async def test_wrong_field_is_named(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        refused = problem(await claim(client, email="ada", size="L"), 400, "invalid-request")
        assert refused["errors"] == {
            "fields.email": "must be an e-mail address, as in ada@example.org",
            "fields.size": "is unknown",
        }
        path = "/v1/hunts/harbour/rewards/1/claim"
        assert_problem(await client.post(path, content=b"[]"), 415)
        assert_problem(await client.post(path, json=[]), 400)
        assert_problem(await client.post(path, json={"fields": {"email": "x" * 99_000}}), 413)
        long = await client.post(path, json={"fields": FIELDS | {"email": "x" * 9_000}})
        assert_problem(long, 400)
        assert (await client.get("/v1/hunts/harbour/rewards")).json()["rewards"][0].get(
            "state"
        ) is None


async def test_reward_of_another_player_is_not_found(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        for seq in (2, 0, "x", 10**30):
            problem(await claim(client, seq), 404, "no-such-reward")
        client.headers.update(bearer("bob"))
        problem(await claim(client), 404, "no-such-reward")
        client.headers.update(bearer("ada", hunts=["river"]))
        assert_problem(await claim(client), 403)
        del client.headers["Authorization"]
        assert_problem(await claim(client), 401)


@pytest.mark.parametrize("until", [datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1)])
async def test_claim_after_the_deadline_is_refused(
    database: str, until: datetime | timedelta
) -> None:
    async with claiming(database) as client:
        await client.click()
        assert (await claim(client)).status_code == 200
        if isinstance(until, timedelta):
            until = timedelta(microseconds=1)
        await _shorten(client, until)
        assert (await claim(client)).status_code == 200, "a repeat"
        late = problem(await claim(client, email="bob@example.org"), 409, "claim-refused")
        assert (late["state"], late["detail"]) == (
            "claimed",
            "the deadline of the claim has passed",
        )


async def _shorten(client: Client, until: datetime | timedelta) -> None:
    """Change the deadline that this server knows; no hunt file can ask for a microsecond."""
    hunts = client.engine.catalogue.hunts
    definition = asking(replace(FORM, until=until))
    hunts["harbour"] = replace(hunts["harbour"], definition=definition)


async def test_void_reward_and_prize_without_form_are_not_claimed(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        await mark(client, "void", seqs=[1], reason="not eligible")
        assert problem(await claim(client), 409, "claim-refused")["state"] == "void"
        await client.click()
        await change(client, asking(None))
        refused = problem(await claim(client, 2), 409, "claim-refused")
        assert refused["detail"] == "the prize asks for no claim"
        await change(client, asking(Claim()))
        path = "/v1/hunts/harbour/rewards/2/claim"
        for _ in range(2):
            assert (await client.post(path, json={})).json()["state"] == "claimed"


async def test_server_without_keys_refuses_a_form(database: str) -> None:
    async with claiming(database, data_keys=()) as client:
        await client.click()
        refused = problem(await claim(client), 503, "overloaded")
        assert "keys" in str(refused["detail"])


async def test_claim_is_possible_after_the_end(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        player = dict(client.headers)
        operator(client)
        await act(client, "POST", f"{HUNTS}/harbour/close")
        client.headers.update(player)
        assert (await claim(client)).json()["state"] == "claimed"


async def test_claims_are_rate_limited(database: str) -> None:
    async with claiming(database, ticket_rate=0.001, ticket_burst=2) as client:
        await client.click()
        answers = [(await claim(client)).status_code for _ in range(3)]
        assert answers == [200, 200, 429]


async def test_change_of_state_reaches_the_streams_of_its_player(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        epoch = client.engine.catalogue.hunts["harbour"].epoch
        async with (
            stream(client, live=True) as mine,
            stream(client, "/v1/hunts/harbour/events?scope=all", live=True) as all_,
            opened(client) as socket,
        ):
            for each in (mine, all_):
                while (await each.next()).event != "hello":
                    pass
            while (await next_of(socket))[0] != "hello":
                pass
            await claim(client)
            while (event := await mine.next()).event != "reward_state":
                pass
            told = json.loads(event.data)
            assert (told["seq"], told["prize"], told["state"]) == (1, "coin", "claimed")
            assert event.id is None, "it does not move the position to resume from"
            while (said := await next_of(socket))[0] != "reward_state":
                pass
            assert said[1] == told
            await mark(client, "sent", seqs=[1])
            while json.loads((event := await mine.next()).data).get("state") != "sent":
                pass
            await client.click()
            while (await all_.next()).event != "wins":
                pass
            assert b"reward_state" not in all_.raw
        headers = {"Last-Event-ID": f"{epoch}-0"}
        async with stream(client, headers=headers) as resumed:
            while (event := await resumed.next()).event != "reward":
                pass
            assert json.loads(event.data)["state"] == "sent"
