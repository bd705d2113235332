"""Bodies and queries of requests: sizes, JSON objects, whole numbers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar, cast

import msgspec
from hypercorn.typing import HTTPScope
from quart import request
from quart_trio.wrappers import TrioRequest
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge

from hunt.errors import InvalidRequest, RewardNotFound, UnsupportedType
from hunt.play.request import checked_number, unsupported_body
from hunt.web.scope_state import CONTINUE

T = TypeVar("T", bound=str)

#: Maximum size of the body of a request for administration, in bytes.
MAX_ADMIN_BODY = 256 * 1024

#: Maximum size of the body of a claim, in bytes: a full form in UTF-8.
MAX_CLAIM_BODY = 96 * 1024


class SizedRequest(TrioRequest):
    """A request whose size limit depends on its path.

    ``100 Continue`` is sent once a route reads the body.  A client that waits for it
    therefore sends no body to a route that refuses the head.
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
        elif path.endswith("/claim"):
            max_content_length = MAX_CLAIM_BODY
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
        self._max_length = max_content_length

    async def whole_body(self) -> bytes:
        """Return the body, once it has arrived.

        Raises:
            RequestEntityTooLarge: The body is too long.
            RequestTimeout: The body did not arrive in time.
        """
        if self._max_length is not None and (self.content_length or 0) > self._max_length:
            raise RequestEntityTooLarge
        proceed = self.scope.get("state", {}).get(CONTINUE)
        if proceed is not None:
            await proceed()
        body = await self.get_data(cache=False)
        assert isinstance(body, bytes)  # as_text was not asked for
        return body


async def body() -> bytes:
    """Return the body of the current request; raises as `SizedRequest.whole_body` does."""
    return await cast(SizedRequest, request).whole_body()  # the application makes no other


async def json_object() -> dict[str, object]:
    """Return the JSON object in the body.

    Raises:
        UnsupportedType: The headers say that the body is not JSON, or that it is encoded.
        InvalidRequest: The body is not a JSON object.
    """
    headers = request.headers
    wrong = unsupported_body(headers.get("Content-Type"), headers.get("Content-Encoding"))
    if wrong is not None:
        raise UnsupportedType(wrong)
    try:
        return msgspec.json.decode(await body(), type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("the body is not a JSON object") from None


def whole_number(name: str, default: int | None, *, least: int, most: int) -> int:
    """Return a whole number of the query.

    Args:
        name: Name of the parameter.
        default: Value of an absent parameter; None: the parameter is required.
        least: Smallest valid number.
        most: Largest valid number.

    Raises:
        InvalidRequest: The parameter is not a whole number, or out of range.
    """
    text = request.args.get(name, "" if default is None else str(default))
    return checked_number(text, name, least=least, most=most)


def choice(name: str, choices: Sequence[T]) -> T:
    """Return one of some words of the query, by default the first.

    Raises:
        InvalidRequest: It is another word.
    """
    text = request.args.get(name, choices[0])
    for each in choices:
        if each == text:
            return each
    wrong = f"must be one of {', '.join(choices)}"
    raise InvalidRequest("the query is not valid", errors={name: wrong})


def seq(text: str) -> int:
    """Return the seq in a path.

    Raises:
        RewardNotFound: It is malformed, or too large for any log.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise RewardNotFound
    return int(text)
