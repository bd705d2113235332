"""The issuer's keys: fetched now and then, off every request's path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from hunt.core.backoff import Backoff
from hunt.core.keys import from_jwks
from hunt.core.token_verifier import TokenVerifier
from hunt.errors import KeysError
from hunt.settings import Settings

if TYPE_CHECKING:
    import httpx

#: Seconds between two fetches, on average; each pause is between none and twice that.
INTERVAL = 300.0

#: Seconds between two fetches that are asked for, on average: half to one and a half.
LEAST = 5.0

#: Seconds for a fetch, all in all.
TIMEOUT = 5.0

#: Bytes of a set, at most.
MAX_SET = 256 * 1024

log = structlog.get_logger("hunt.keys")


class Jwks:
    """Keeps the public keys of `tokens` as their issuer publishes them.

    What cannot be fetched changes nothing: the keys that are known go on counting.
    A token with a key id that is not known has the set fetched soon, once for
    however many there are.

    Args:
        tokens: Given the keys.
        get: Returns the set; raises `KeysError`.
        jitter: Uniform in [0, 1), spreads the fetches.
    """

    def __init__(
        self,
        tokens: TokenVerifier,
        get: Callable[[], Awaitable[bytes]],
        *,
        jitter: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._get = get
        self._jitter = jitter
        self._backoff = Backoff(base=1.0, cap=60.0, jitter=jitter)
        self._asked = trio.Event()
        tokens.unknown = self.ask

    def ask(self) -> None:
        """Have the set fetched soon; cannot block."""
        self._asked.set()

    async def run(self) -> None:
        """Fetch the set again and again, until cancelled."""
        while True:
            # Asked for from now on: a fetch that runs may not see the new key.
            self._asked = trio.Event()
            try:
                keys = from_jwks(await self._get())
            except KeysError as exc:
                pause = self._backoff.next()
                log.warning("the key set was not read; what is known stays", error=str(exc))
            else:
                self._tokens.replace_keys(keys)
                self._backoff.reset()
                pause = 2 * INTERVAL * self._jitter()
            least = min(pause, LEAST * (0.5 + self._jitter()))
            await trio.sleep(least)
            with trio.move_on_after(pause - least):
                await self._asked.wait()


async def keep_current(
    tokens: TokenVerifier, settings: Settings, *, jitter: Callable[[], float]
) -> None:
    """Keep the public keys current, until cancelled; returns where there is no key set."""
    if settings.jwks_url is not None:
        import httpx  # a megabyte, which only who fetches keys has to pay

        # Once, because its TLS context takes a while to make.
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            await Jwks(tokens, partial(fetch, client, settings.jwks_url), jitter=jitter).run()
    elif settings.jwks_file is not None:
        await Jwks(tokens, partial(read, trio.Path(settings.jwks_file)), jitter=jitter).run()


async def fetch(client: httpx.AsyncClient, url: str) -> bytes:
    """Return the set at a URL.

    Raises:
        KeysError: It is not there, or too large, or does not come in time.
    """
    import httpx

    try:
        with trio.fail_after(TIMEOUT):
            async with client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise KeysError(f"the issuer answered {response.status_code}")
                body = b""
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_SET:
                        raise KeysError(f"it is larger than {MAX_SET} bytes")
                return body
    except (httpx.HTTPError, trio.TooSlowError) as exc:
        raise KeysError(f"{type(exc).__name__}: {exc}") from exc


async def read(path: trio.Path) -> bytes:
    """Return the set in a file.

    Raises:
        KeysError: It cannot be read.
    """
    try:
        return await path.read_bytes()
    except OSError as exc:
        raise KeysError(f"{path}: {exc.strerror}") from exc
