from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
import trio
from trio.testing import MockClock

from hunt.core.keys import from_jwks
from hunt.core.token_verifier import TokenVerifier
from hunt.errors import KeysError
from hunt.service import jwks
from hunt.service.jwks import INTERVAL, LEAST, Jwks
from hunt.service.keyring import open_tokens
from hunt.settings import Settings
from tests.support import forged_tokens as forge
from tests.support.forged_tokens import key_set
from tests.support.issuer import issuer
from tests.support.processes import until

SECRET = b"s" * 32


async def keep_current(tokens: TokenVerifier, settings: Settings) -> None:
    await jwks.keep_current(
        tokens, settings, requests=jwks.KeyRequests(), jitter=lambda: 0.5, faults=Counter()
    )


async def test_fetches_for_unknown_keys_and_after_failures_are_limited(
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
        assert 60 / LEAST - 1 <= len(fetched) <= 60 / LEAST + 1, "one for all, not one for each"
        nursery.cancel_scope.cancel()


async def test_key_set_is_bounded_in_size_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_key_set_at_a_url_is_fetched() -> None:
    async with issuer() as idp, trio.open_nursery() as nursery:
        idp.body = key_set(("ES256", 0))
        settings = Settings(jwt_secret=(SECRET,), jwt_algorithms=("ES256",), jwks_url=idp.url)
        tokens = open_tokens(settings, clock=lambda: forge.NOW)
        nursery.start_soon(keep_current, tokens, settings)
        await until(lambda: not tokens.waiting)
        assert tokens.verify(forge.signed("ES256"), "bearer").player == "ada"
        nursery.cancel_scope.cancel()


async def test_key_set_in_a_file_is_read_again(tmp_path: Path) -> None:
    file = trio.Path(tmp_path / "jwks.json")
    await file.write_bytes(key_set(("ES256", 0)))
    settings = Settings(
        jwt_secret=(SECRET,), jwt_algorithms=("ES256",), jwks_file=tmp_path / "jwks.json"
    )
    tokens = open_tokens(settings, clock=lambda: forge.NOW)
    assert tokens.verify(forge.signed("ES256"), "bearer").player == "ada"
    await file.write_bytes(key_set(("ES256", 1)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_current, tokens, settings)
        with trio.fail_after(10):
            while not forge.refused(tokens, forge.signed("ES256")):
                await trio.sleep(0.001)
        nursery.cancel_scope.cancel()
    assert tokens.verify(forge.signed("ES256", 1), "bearer").player == "ada"
    with pytest.raises(KeysError, match="No such file"):
        await jwks.read(file.with_name("nothing"))
