"""The response that streams a file to download, while others wait for their turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Self

import trio
from quart import Response

from hunt.web.endless_body import EndlessBody


def download(
    parts: AsyncGenerator[bytes, None],
    source: AsyncGenerator[Any, None],
    places: trio.Semaphore,
    *,
    mimetype: str,
    filename: str,
) -> Response:
    """Return the response; see `DownloadBody`.

    Args:
        parts: See `DownloadBody`.
        source: See `DownloadBody`.
        places: See `DownloadBody`.
        mimetype: The type of the file.
        filename: The name that a browser gives to the file.
    """
    response = Response(
        DownloadBody(parts, source, places),
        mimetype=mimetype,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
    response.timeout = None  # Quart would end the stream after RESPONSE_TIMEOUT
    return response


class DownloadBody(EndlessBody):
    """Response body that streams a file part by part.

    Args:
        parts: The parts, none of them empty; closed by this object.
        source: Source of the parts; this object closes it after them.
        places: One is taken while the body is sent.
    """

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        source: AsyncGenerator[Any, None],
        places: trio.Semaphore,
    ) -> None:
        self._parts = parts
        self._source = source
        self._places = places

    async def __aenter__(self) -> Self:
        """Wait for a place, and take it."""
        await self._places.acquire()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Give the place back."""
        self._places.release()
        with trio.CancelScope(shield=True):
            await self._parts.aclose()
            await self._source.aclose()

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the parts."""
        return self._parts
