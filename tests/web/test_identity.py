"""Whose tokens count, over a real connection: rotation, an issuer's keys, and no word too many."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio
from trio.testing import MockClock

from hunt.core.keys import from_jwks
from hunt.core.token_verifier import TokenVerifier
from hunt.errors import KeysError, SettingsError
from hunt.service import jwks
from hunt.service.jwks import INTERVAL, LEAST, Jwks
from hunt.service.keyring import open_tokens
from hunt.settings import Settings
from tests.support import forged_tokens as forge
from tests.support.forged_tokens import foreign, key_set
from tests.support.problems import assert_problem
from tests.support.serving import SECRET, Client, serving, stream, token

NEWER = b"newer-secret-newer-secret-newer-"


async def test_a_secret_is_replaced_without_logging_anybody_out(database: str) -> None:
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
async def test_tokens_of_an_issuer(database: str, tmp_path: Path, algorithm: str) -> None:
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


@asynccontextmanager
async def issuer() -> AsyncIterator[Issuer]:
    """Run an issuer's server, which publishes what it is told to."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, (served := Issuer()).serve, 0)
        served.url = f"http://localhost:{listeners[0].socket.getsockname()[1]}/keys"
        yield served
        nursery.cancel_scope.cancel()


class Issuer:
    url = ""
    status = 200
    body = b"{}"
    fetched = 0

    async def serve(self, connection: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):  # whoever has read enough may reset it
            async with connection:
                while await connection.receive_some():
                    self.fetched += 1
                    await connection.send_all(
                        b"HTTP/1.1 %d .\r\nContent-Length: %d\r\n\r\n%b"
                        % (self.status, len(self.body), self.body)
                    )


async def test_a_key_set_that_changes_while_we_serve(
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

            # Not known yet: not the player's fault, and not for ever.
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
            # A new key: the first token with it has the set fetched.
            idp.body = key_set(("ES256", 0), ("ES256", 1))
            await until(200, 1)
            # What cannot be fetched changes nothing.
            idp.status, fetched = 404, idp.fetched
            await until(401, 2)
            with trio.fail_after(10):
                while idp.fetched == fetched:
                    await trio.lowlevel.checkpoint()
            await until(200, 0)
            # A key that was removed counts no more, though its token was remembered.
            idp.body, idp.status = key_set(("ES256", 1)), 200
            client.headers.update(foreign("ES256", 2))
            await client.click()
            await until(401, 0)
            await until(200, 1)


async def test_unknown_keys_and_failures_fetch_no_more_than_now_and_then(
    autojump_clock: MockClock,
) -> None:
    tokens = TokenVerifier((SECRET,), clock=time.time, algorithms=("ES256",), keys=None)
    fetched: list[float] = []
    fails = True
    faults = Counter(fetch=0)
    requests = jwks.KeyRequests()

    async def get() -> bytes:
        fetched.append(trio.current_time())
        if fails:
            raise KeysError("the issuer is away")
        return key_set(("ES256", 0))

    async def ask_all_the_time() -> None:
        while True:
            requests.add()
            await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        keys = Jwks(tokens, get, requests=requests, jitter=lambda: 0.5, faults=faults)
        nursery.start_soon(keys.run)
        await trio.sleep(600)
        assert tokens.waiting
        assert len(fetched) < 30, "capped at a minute"
        assert faults == {"fetch": len(fetched)}
        fails = False
        await trio.sleep(60)
        assert not tokens.waiting
        fetched.clear()
        await trio.sleep(4 * INTERVAL)
        assert len(fetched) == 4
        fetched.clear()
        nursery.start_soon(ask_all_the_time)
        await trio.sleep(60)
        assert 3 <= len(fetched) <= 60 / LEAST + 1, "one for all, not one for each"
        nursery.cancel_scope.cancel()


async def test_what_is_fetched_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with issuer() as idp, httpx.AsyncClient() as client:
        idp.body = b" " * jwks.MAX_SET + key_set(("ES256", 0))
        with pytest.raises(KeysError, match="larger"):
            await jwks.fetch(client, idp.url)
        idp.body = idp.body.strip()
        assert from_jwks(await jwks.fetch(client, idp.url))
        monkeypatch.setattr(idp, "serve", None)
    async with httpx.AsyncClient() as client:
        with pytest.raises(KeysError, match="ConnectError"):
            await jwks.fetch(client, idp.url)
        listener = await trio.open_tcp_listeners(0, host="127.0.0.1")
        silent = f"http://127.0.0.1:{listener[0].socket.getsockname()[1]}/"
        monkeypatch.setattr(jwks, "TIMEOUT", 0.05)
        with pytest.raises(KeysError, match="TooSlow"):
            await jwks.fetch(client, silent)
        await listener[0].aclose()


async def test_a_key_set_in_a_file_is_read_again(tmp_path: Path) -> None:
    file = trio.Path(tmp_path / "jwks.json")
    await file.write_bytes(key_set(("ES256", 0)))
    settings = Settings(
        jwt_secret=(SECRET,), jwt_algorithms=("ES256",), jwks_file=tmp_path / "jwks.json"
    )
    tokens = open_tokens(settings, clock=lambda: forge.NOW)
    assert tokens.verify(forge.signed("ES256"), "bearer").player == "ada"
    await file.write_bytes(key_set(("ES256", 1)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            partial(
                jwks.keep_current,
                tokens,
                settings,
                requests=jwks.KeyRequests(),
                jitter=lambda: 0.5,
                faults=Counter(),
            )
        )
        with trio.fail_after(10):
            while not forge.refused(tokens, forge.signed("ES256")):
                await trio.sleep(0.001)
        nursery.cancel_scope.cancel()
    assert tokens.verify(forge.signed("ES256", 1), "bearer").player == "ada"
    with pytest.raises(KeysError, match="No such file"):
        await jwks.read(file.with_name("nothing"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"jwt_algorithms": ("RS256",)}, "there is no key"),
        ({"jwks_url": "https://a.example"}, "add RS256"),
        ({"jwt_algorithms": ("RS256",), "jwks_file": Path("/nowhere")}, "cannot be read"),
        ({"jwt_algorithms": ("RS256",), "jwt_key_file": Path(__file__)}, "no public key"),
        (
            {"jwks_url": "https://a.example", "jwt_key_file": Path("/nowhere")},
            "HUNT_JWT_KEY_FILE and HUNT_JWKS_URL are set",
        ),
    ],
)
def test_settings_that_cannot_be(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_tokens(Settings(jwt_secret=(SECRET,), **options), clock=time.time)  # type: ignore[arg-type]
