"""The token of a client: fixed, or fetched for each request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx

from hunt.client.attempts import AttemptFailed

#: A JWT, or an async function that returns the current one.
Token = str | Callable[[], Awaitable[str]]


class Credential(httpx.Auth):
    """Adds the current token to every request and every handshake.

    Args:
        token: A token, or an async function that returns one; its errors count as failed
            attempts.
    """

    def __init__(self, token: Token) -> None:
        self._token = token

    async def header(self) -> str:
        """Return the value of ``Authorization``.

        Raises:
            AttemptFailed: The function of the caller raised.
        """
        if isinstance(self._token, str):
            return f"Bearer {self._token}"
        try:
            return f"Bearer {await self._token()}"
        except Exception as exc:  # the caller's function may raise any error
            raise AttemptFailed(f"the token function failed: {type(exc).__name__}") from exc

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See `httpx.Auth`."""
        request.headers["Authorization"] = await self.header()
        yield request
