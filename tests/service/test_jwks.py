from __future__ import annotations

import time
from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from structlog.testing import capture_logs
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
        keys = Jwks(tokens, get, requests=requests, jitter=lambda: 0.25, faults=faults)
        requests.add()  # before the first fetch, which answers it
        nursery.start_soon(keys.run)
        await trio.sleep(600)
        assert tokens.waiting
        pauses = [later - earlier for earlier, later in pairwise(fetched)]
        assert pauses[:8] == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 15, 15]), "a cap"
        assert faults == {"fetch": len(fetched)}
        fails = False
        await trio.sleep(60)
        assert not tokens.waiting
        fetched.clear()
        await trio.sleep(4 * INTERVAL)
        assert len(fetched) == 8
        fetched.clear()
        nursery.start_soon(ask_all_the_time)
        await trio.sleep(60)
        assert len(fetched) == pytest.approx(60 / (0.75 * LEAST), abs=1), "one for all requests"
        nursery.cancel_scope.cancel()


async def test_failed_fetch_is_logged_with_its_pause(autojump_clock: MockClock) -> None:
    async def get() -> bytes:
        await trio.lowlevel.checkpoint()
        raise KeysError("the issuer is away")

    tokens = TokenVerifier((SECRET,), clock=time.time)
    keys = Jwks(
        tokens, get, requests=jwks.KeyRequests(), jitter=lambda: 0.57, faults=Counter()
    )  # fmt: skip
    with capture_logs() as lines, trio.move_on_after(0.1):
        await keys.run()
    [line] = lines
    assert (line["event"], line["error"]) == ("key set not read", "the issuer is away")
    assert line["retry_in"] == 0.6


async def test_key_set_is_bounded_in_size_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async with issuer() as idp, httpx.AsyncClient() as client:
        idp.body = b" " * jwks.MAX_SET + key_set(("ES256", 0))
        with pytest.raises(KeysError, match="larger"):
            await jwks.fetch(client, idp.url)
        idp.body = idp.body.strip()
        assert from_jwks(await jwks.fetch(client, idp.url))
        idp.status = 500
        with pytest.raises(KeysError, match="the issuer answered 500"):
            await jwks.fetch(client, idp.url)
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
        assert idp.method == b"GET"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("kind", ["jwks_url", "jwks_file"])
async def test_fetch_that_fails_is_counted(kind: str, tmp_path: Path) -> None:
    faults = Counter(fetch=0)
    async with issuer() as idp, trio.open_nursery() as nursery:
        idp.status = 500
        source: dict[str, Any] = {"jwks_url": idp.url, "jwks_file": tmp_path / "nothing"}
        nursery.start_soon(
            partial(
                jwks.keep_current,
                TokenVerifier((SECRET,), clock=time.time),
                Settings(jwt_secret=(SECRET,), jwt_algorithms=("ES256",), **{kind: source[kind]}),
                requests=jwks.KeyRequests(),
                jitter=lambda: 0.0,
                faults=faults,
            )
        )
        await until(lambda: faults["fetch"] >= 2)
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
