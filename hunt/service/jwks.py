"""Keeps the public keys of an issuer current, in the background."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import trio

from hunt.core.backoff import Backoff
from hunt.core.keys import from_jwks
from hunt.core.token_verifier import TokenVerifier
from hunt.errors import KeysError
from hunt.logs import FaultLog
from hunt.service.bounded_body import read_bounded
from hunt.settings import Settings

if TYPE_CHECKING:
    import httpx

#: Average seconds between two fetches; each pause is between 0 and twice that.
INTERVAL = 300.0

#: Average seconds between two requested fetches; each pause is 0.5 to 1.5 times that.
LEAST = 5.0

#: Maximum duration of a fetch in seconds.
TIMEOUT = 5.0

#: Maximum size of a key set in bytes.
MAX_SET = 256 * 1024

log = FaultLog("hunt.keys")


class KeyRequests:
    """Requests for a fetch of the key set; those that wait cause one fetch."""

    def __init__(self) -> None:
        self._added = trio.Event()

    def add(self) -> None:
        """Request a fetch; cannot block."""
        self._added.set()

    def clear(self) -> None:
        """Forget the requests so far."""
        self._added = trio.Event()

    async def wait(self) -> None:
        """Return once there is a request."""
        await self._added.wait()


class Jwks:
    """Replaces the public keys of a token verifier as their issuer publishes them.

    A failed fetch changes nothing: known keys stay valid.

    Args:
        tokens: The verifier.
        get: Returns the key set; raises `KeysError`.
        requests: Added to by tokens with an unknown key id.
        jitter: Uniform in [0, 1), spreads the fetches.
        faults: Its key ``fetch`` counts fetches that failed.
    """

    def __init__(
        self,
        tokens: TokenVerifier,
        get: Callable[[], Awaitable[bytes]],
        *,
        requests: KeyRequests,
        jitter: Callable[[], float],
        faults: Counter[str],
    ) -> None:
        self._requests = requests
        self._tokens = tokens
        self._get = get
        self._jitter = jitter
        self._faults = faults
        self._backoff = Backoff(base=1.0, cap=60.0, jitter=jitter)

    async def run(self) -> None:
        """Fetch the key set regularly, until cancelled."""
        while True:
            # A request during a fetch causes another fetch, because the key may be newer.
            self._requests.clear()
            try:
                keys = from_jwks(await self._get())
            except KeysError as exc:
                self._faults["fetch"] += 1
                pause = self._backoff.next()
                log.warning("key set not read", error=str(exc), retry_in=round(pause, 1))
            else:
                self._tokens.replace_keys(keys)
                self._backoff.reset()
                pause = 2 * INTERVAL * self._jitter()
            least = min(pause, LEAST * (0.5 + self._jitter()))
            await trio.sleep(least)
            with trio.move_on_after(pause - least):
                await self._requests.wait()


async def keep_current(
    tokens: TokenVerifier,
    settings: Settings,
    *,
    requests: KeyRequests,
    jitter: Callable[[], float],
    faults: Counter[str],
) -> None:
    """Keep the public keys current until cancelled; return at once without a key set."""
    if settings.jwks_url is not None:
        import httpx  # a megabyte of memory

        # One client, because a TLS context takes a while to make.  `fetch` limits the time.
        async with httpx.AsyncClient(timeout=None) as client:
            get = partial(fetch, client, settings.jwks_url)
            await Jwks(tokens, get, requests=requests, jitter=jitter, faults=faults).run()
    elif settings.jwks_file is not None:
        get = partial(read, trio.Path(settings.jwks_file))
        await Jwks(tokens, get, requests=requests, jitter=jitter, faults=faults).run()


async def fetch(client: httpx.AsyncClient, url: str) -> bytes:
    """Return the key set at a URL.

    Raises:
        KeysError: The key set is missing, too large, or takes too long.
    """
    import httpx

    try:
        with trio.fail_after(TIMEOUT):
            async with client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise KeysError(f"the issuer answered {response.status_code}")
                body = await read_bounded(response, MAX_SET)
                if body is None:
                    raise KeysError(f"the key set is larger than {MAX_SET} bytes")
                return body
    except (httpx.HTTPError, trio.TooSlowError) as exc:
        raise KeysError(f"{type(exc).__name__}: {exc}") from exc


async def read(path: trio.Path) -> bytes:
    """Return the key set in a file.

    Raises:
        KeysError: The file cannot be read.
    """
    try:
        return await path.read_bytes()
    except OSError as exc:
        raise KeysError(f"{path}: {exc.strerror}") from exc
