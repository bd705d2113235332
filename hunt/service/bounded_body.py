"""Bodies of responses from other servers, of a bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


async def read_bounded(response: httpx.Response, most: int) -> bytes | None:
    """Return the body of a response; None if it is longer than `most` bytes."""
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            return None
    return body
