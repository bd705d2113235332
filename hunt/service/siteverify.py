"""Verifies answers of Turnstile and hCaptcha with their ``siteverify`` services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

import msgspec
import trio
from msgspec import Struct

from hunt.service.bounded_body import read_bounded
from hunt.service.webhook_sender import describe

if TYPE_CHECKING:
    import httpx

#: Verifications at once; more wait for their turn, within their deadline.
MOST = 32

#: Characters of the longest answer.
LONGEST = 8000

#: Bytes of the largest response.
MAX_RESPONSE = 64 * 1024

#: Error codes that say nothing about the answer.
_OWN_CODES = frozenset({"internal-error", "invalid-input-secret", "missing-input-secret"})


class Provider(Struct, frozen=True):
    """A service that verifies answers."""

    kind: Literal["turnstile", "hcaptcha"]
    url: str  #: of its ``siteverify``
    script: str  #: URL of the script that the page loads
    sends_site_key: bool  #: whether it refuses answers for other site keys


PROVIDERS: Mapping[str, Provider] = {
    each.kind: each
    for each in (
        Provider(
            "turnstile",
            "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit",
            sends_site_key=False,
        ),
        Provider(
            "hcaptcha",
            "https://api.hcaptcha.com/siteverify",
            "https://js.hcaptcha.com/1/api.js?render=explicit",
            sends_site_key=True,
        ),
    )
}


class Unavailable(Exception):
    """An answer cannot be verified now."""


class _Verdict(Struct):
    success: bool
    codes: list[str] = msgspec.field(name="error-codes", default_factory=list)


_decode = msgspec.json.Decoder(_Verdict).decode


class SiteVerify:
    """A challenge of a third party; it takes each answer once, for all nodes.

    The client's address is not sent to it.

    Args:
        provider: The third party.
        url: Replaces its URL; None: its own.
        site_key: The public key of the site.
        secret: Its secret.
    """

    def __init__(self, provider: Provider, *, url: str | None, site_key: str, secret: str) -> None:
        self.kind = provider.kind
        self._provider = provider
        self._url = url or provider.url
        self._site_key = site_key
        self._secret = secret
        self._turns = trio.CapacityLimiter(MOST)
        self._client: httpx.AsyncClient | None = None

    def offered(self) -> dict[str, object]:
        """See `hunt.service.challenges.Challenge`."""
        return {"kind": self.kind, "site_key": self._site_key, "script": self._provider.script}

    def rotate(self) -> None:
        """See `Challenge`; the provider refuses repeats."""

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hold connections to the third party until cancelled."""
        import httpx  # a megabyte of memory

        limits = httpx.Limits(max_keepalive_connections=4)  # `verify` limits the connections
        async with httpx.AsyncClient(timeout=None, limits=limits) as client:
            self._client = client
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                self._client = None

    async def verify(self, answer: str) -> None:
        """See `hunt.service.challenges.Challenge`."""
        if len(answer) > LONGEST:
            raise ValueError("the answer is too long")
        form = {"secret": self._secret, "response": answer}
        if self._provider.sends_site_key:
            form["sitekey"] = self._site_key
        async with self._turns:
            verdict = await self._ask(urlencode(form).encode())
        if verdict.success:
            return
        if own := _OWN_CODES.intersection(verdict.codes):
            raise Unavailable(f"the service answered {', '.join(sorted(own))}")
        raise ValueError("the answer is wrong, or was used before")

    async def _ask(self, form: bytes) -> _Verdict:
        """Return the verdict of the third party.

        Raises:
            Unavailable: There is none.
        """
        import httpx

        if self._client is None:
            raise Unavailable("the server is stopping")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            async with self._client.stream(
                "POST", self._url, content=form, headers=headers
            ) as response:
                if response.status_code != 200:
                    raise Unavailable(f"the service answered {response.status_code}")
                body = await read_bounded(response, MAX_RESPONSE)
                if body is None:
                    raise Unavailable("the service's answer is too long")
            return _decode(body)
        except msgspec.DecodeError:
            raise Unavailable("the service's answer is not valid") from None
        except (httpx.HTTPError, OSError) as exc:
            raise Unavailable(describe(exc)) from None
