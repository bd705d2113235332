"""What a request carries: JSON of the right kind and size, numbers in the query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
from hypercorn.typing import HTTPScope
from quart import request
from quart_trio.wrappers import TrioRequest
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge

from hunt.errors import InvalidRequest, UnsupportedType
from hunt.play.request import unsupported_body

MAX_ADMIN_BODY = 256 * 1024

#: In the state of an ASGI scope: asks the client for the body, where it waits to be asked.
CONTINUE = "hunt_continue"


class SizedRequest(TrioRequest):
    """A request that may carry more where an operator sends it.

    Its body is asked for by ``100 Continue`` once a route wants it: a client that waits
    for that sends none to a route that refuses by the head alone.
    """

    def __init__(
        self,
        method: str,
        scheme: str,
        path: str,
        query_string: bytes,
        headers: Headers,
        root_path: str,
        http_version: str,
        scope: HTTPScope,
        *,
        max_content_length: int | None = None,
        body_timeout: int | None = None,
        send_push_promise: Callable[[str, Headers], Awaitable[None]],
    ) -> None:
        if path.startswith("/v1/admin/"):
            max_content_length = MAX_ADMIN_BODY
        super().__init__(
            method,
            scheme,
            path,
            query_string,
            headers,
            root_path,
            http_version,
            scope,
            max_content_length=max_content_length,
            body_timeout=body_timeout,
            send_push_promise=send_push_promise,
        )
        self._most = max_content_length

    async def whole_body(self) -> bytes:
        """Return the body, once it has arrived.

        Raises:
            RequestEntityTooLarge: It is too long.
            RequestTimeout: It did not arrive in time.
        """
        if self._most is not None and (self.content_length or 0) > self._most:
            raise RequestEntityTooLarge
        proceed = self.scope.get("state", {}).get(CONTINUE)
        if proceed is not None:
            await proceed()
        body = await self.get_data(cache=False)
        assert isinstance(body, bytes)  # as_text was not asked for
        return body


async def body() -> bytes:
    """Return the body of the request at hand; raises as of `SizedRequest.whole_body`."""
    return await cast(SizedRequest, request).whole_body()  # the application makes no other


async def table() -> dict[str, object]:
    """Return the JSON object in the body.

    Raises:
        UnsupportedType: The head says that it is no JSON, or that it is encoded.
        InvalidRequest: It is not JSON.
    """
    headers = request.headers
    wrong = unsupported_body(headers.get("Content-Type"), headers.get("Content-Encoding"))
    if wrong is not None:
        raise UnsupportedType(wrong)
    try:
        return msgspec.json.decode(await body(), type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("the body is not a JSON object") from None


def whole(name: str, default: int | None, *, least: int, most: int) -> int:
    """Return a number of the query.

    Args:
        name: In the query.
        default: Where it is absent; None: it must be there.
        least: That it may be.
        most: That it may be.

    Raises:
        InvalidRequest: It is none, or out of range.
    """
    text = request.args.get(name, "" if default is None else str(default))
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= most:
        wrong = f"must be a whole number, {least} to {most}"
        raise InvalidRequest("the query is not valid", errors={name: wrong})
    return int(text)
