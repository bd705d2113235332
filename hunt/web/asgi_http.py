"""Repairs of Quart-Trio's HTTP connection."""

from __future__ import annotations

from urllib.parse import urlsplit

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent
from quart import Request
from quart_trio.asgi import TrioASGIHTTPConnection

#: Seconds for the last event of a response; the connection limits its sends itself.
END_TIMEOUT = 15.0


#: Stands for the path of a target without a valid one; it matches no route.
NOWHERE = "*"

#: Maximum length of an absolute target, in characters.
MAX_URL = 1024


def path_of(target: str) -> str:
    """Return the path in the target of a request (RFC 9112, 3.2), without its query.

    A path that begins with two slashes matches no route.  Werkzeug would drop one of them,
    and then serve a path that a proxy or an earlier check has not recognised.

    >>> path_of("http://hunt.example")
    '/'
    """
    if target.startswith("/"):
        return NOWHERE if target.startswith("//") else target
    if len(target) > MAX_URL:  # `urlsplit` caches its arguments
        return NOWHERE
    try:
        url = urlsplit(target)
    except ValueError:  # for example an IPv6 address with one bracket
        return NOWHERE
    path = url.path or ("/" if url.netloc else NOWHERE)
    return NOWHERE if path.startswith("//") else path


class HTTPConnection(TrioASGIHTTPConnection):
    """Accepts any target, and shields the end of a response (Q1 in docs/reference/traps.md).

    Quart reads the first character of the path, and fails on an empty one.

    Hypercorn reports the disconnect during the last `send`, and closes or recycles the
    connection in that `send`.  Quart-Trio would cancel it, and ``Connection: close`` would
    never close.
    """

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""

        async def shielded(event: ASGISendEvent) -> None:
            last = event["type"] == "http.response.body" and not event.get("more_body", False)
            if last:
                with trio.move_on_after(END_TIMEOUT, shield=True):
                    await send(event)
            else:
                await send(event)

        await super().__call__(receive, shielded)

    def _create_request_from_scope(self, send: ASGISendCallable) -> Request:
        self.scope["path"] = path_of(self.scope["path"])
        return super()._create_request_from_scope(send)
