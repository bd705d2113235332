"""What a request carries: JSON of the right kind and size, numbers in the query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from hypercorn.typing import HTTPScope
from quart import request
from quart_trio.wrappers import TrioRequest
from werkzeug.datastructures import Headers

from hunt.errors import InvalidRequest, UnsupportedType
from hunt.web import endpoints

#: Bytes of a body under ``/v1/admin``, at most: a hunt with its prizes.
MAX_ADMIN_BODY = 256 * 1024


class SizedRequest(TrioRequest):
    """A request that may carry more where an operator sends it."""

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


async def table() -> dict[str, object]:
    """Return the JSON object in the body.

    Raises:
        UnsupportedType: It is not JSON, by its own word.
        InvalidRequest: It is not, whatever it says.
    """
    if not endpoints.is_json(request.headers.get("Content-Type")):
        raise UnsupportedType("the body must be application/json")
    body = await request.get_data(cache=False)
    try:
        return msgspec.json.decode(body, type=dict[str, object])
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
