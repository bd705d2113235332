"""Tokens over a real connection: replaced secrets, and the keys of an issuer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import trio

from hunt.service import jwks
from tests.support import forged_tokens as forge
from tests.support.forged_tokens import foreign, key_set
from tests.support.issuer import issuer
from tests.support.problems import assert_problem
from tests.support.serving import SECRET, Client, serving, stream, token

NEWER = b"newer-secret-newer-secret-newer-"


async def test_replaced_secret_signs_no_player_out(database: str) -> None:
    origin = {"Sec-Fetch-Site": "same-origin"}

    async def settled(client: Client, bearer: str, cookie: str, ticket: str) -> list[int]:
        client.headers["Authorization"] = f"Bearer {bearer}"
        statuses = [(await client.click()).status_code]
        del client.headers["Authorization"]
        async with stream(client, params={"ticket": ticket}) as events:
            statuses.append(events.response.status_code)
        client.cookies.set("hunt_player", cookie)
        click = {"id": "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90", "x": 1, "y": 1}
        answer = await client.post("/v1/hunts/harbour/clicks", json=click, headers=origin)
        return [*statuses, answer.status_code]

    async with serving(database) as client:
        ticket = (await client.post("/v1/tickets")).json()["ticket"]
        del client.headers["Authorization"]
        session = await client.post("/v1/session")
        cookie = session.cookies["hunt_player"]
    before = token(), cookie, ticket
    async with serving(database, jwt_secret=(NEWER, SECRET)) as client:
        assert await settled(client, *before) == [200, 200, 200]
        client.cookies.clear()
        client.cookies.set("hunt_player", cookie)
        again = await client.post("/v1/session")
        assert (again.status_code, again.json()) == (200, session.json()), "the same guest"
        client.cookies.clear()
        newer = (await client.post("/v1/session")).cookies["hunt_player"]
    async with serving(database, jwt_secret=(NEWER,)) as client:
        assert await settled(client, *before) == [401, 401, 401]
        client.cookies.clear()
        client.cookies.set("hunt_player", newer)
        assert (await client.post("/v1/session")).status_code == 200


@pytest.mark.parametrize("algorithm", forge.FOREIGN)
async def test_tokens_of_an_issuer_are_accepted(
    database: str, tmp_path: Path, algorithm: str
) -> None:
    file = tmp_path / "keys.pem"
    file.write_text(forge.pem(forge.private(algorithm)))
    async with serving(
        database, jwt_algorithms=(algorithm,), jwt_key_file=file, jwt_issuer="https://id.example"
    ) as client:
        client.headers.update(foreign(algorithm, iss="https://id.example"))
        assert (await client.click()).status_code == 200
        assert (await client.get("/v1/hunts/harbour/rewards")).status_code == 200
        ticket = (await client.post("/v1/tickets")).json()["ticket"]
        for wrong in (
            foreign(algorithm),
            foreign(algorithm, 1, iss="https://id.example"),
            foreign(algorithm, iss="https://id.example", nbf=int(time.time()) + 60),
            {"Authorization": f"Bearer {token()}"},
        ):
            client.headers.update(wrong)
            for response in (
                await client.click(),
                await client.get("/v1/hunts/harbour/rewards"),
                await client.get("/v1/hunts/harbour/events"),
            ):
                problem = assert_problem(response, 401)
                assert problem["detail"] == "the token is not valid"
                assert response.headers["WWW-Authenticate"] == 'Bearer realm="hunt"'
        del client.headers["Authorization"]
        async with stream(client, params={"ticket": ticket}) as events:
            assert (await events.next()).retry == 2000


async def test_changed_key_set_takes_effect_while_serving(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "LEAST", 0.01)
    async with issuer() as idp:
        idp.status = 500
        async with serving(database, jwt_algorithms=("ES256", "HS256"), jwks_url=idp.url) as client:

            async def until(status: int, number: int) -> None:
                client.headers.update(foreign("ES256", number))
                with trio.fail_after(10):
                    while (await client.click()).status_code != status:
                        await trio.lowlevel.checkpoint()

            # The keys are not known yet: that is temporary, so 503 and not 401.
            client.headers.update(foreign("ES256"))
            refused = await client.click()
            assert_problem(refused, 503)
            assert refused.headers["Retry-After"] == "1"
            async with stream(client) as events:
                [again] = await events.rest()
                assert again.retry
            assert "keys" in assert_problem(await client.get("/readyz"), 503)["detail"]
            idp.body, idp.status = key_set(("ES256", 0)), 200
            await until(200, 0)
            assert (await client.get("/readyz")).status_code == 200
            # The first token with a new key triggers a fetch.
            idp.body = key_set(("ES256", 0), ("ES256", 1))
            await until(200, 1)
            # A failed fetch changes nothing.
            idp.status, fetched = 404, idp.fetched
            await until(401, 2)
            with trio.fail_after(10):
                while idp.fetched == fetched:
                    await trio.lowlevel.checkpoint()
            await until(200, 0)
            # A removed key is refused, although its token was cached.
            idp.body, idp.status = key_set(("ES256", 1)), 200
            client.headers.update(foreign("ES256", 2))
            await client.click()
            await until(401, 0)
            await until(200, 1)
