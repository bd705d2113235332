"""Repairs of Quart-Trio's HTTP connection."""

from __future__ import annotations

from urllib.parse import urlsplit

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent
from quart import Request
from quart_trio.asgi import TrioASGIHTTPConnection

#: Seconds that the end of a response may take; the connection bounds its sends itself.
END_TIMEOUT = 15.0


#: Matches no route; a target that is no path leads there.
NOWHERE = "*"

#: Characters of a target that is no path, at most.
MAX_URL = 1024


def path_of(target: str) -> str:
    """Return the path in the target of a request (RFC 9112, 3.2), without its query.

    A path that begins with two slashes leads nowhere.  Werkzeug would drop all but one,
    and so serve paths that a proxy in front, or a check of ours, has not recognised.

    >>> path_of("http://hunt.example")
    '/'
    """
    if target.startswith("/"):
        return NOWHERE if target.startswith("//") else target
    if len(target) > MAX_URL:  # `urlsplit` remembers what it has split
        return NOWHERE
    try:
        url = urlsplit(target)
    except ValueError:  # the brackets of IPv6, without the address
        return NOWHERE
    path = url.path or ("/" if url.netloc else NOWHERE)
    return NOWHERE if path.startswith("//") else path


class HTTPConnection(TrioASGIHTTPConnection):
    """Reads any target, and finishes a response before it is cancelled (TRAPS, Q1).

    Quart looks at the first letter of the path, and dies where there is none.

    With the last body event Hypercorn tells the application of the disconnect,
    and Quart-Trio then cancels the very `send` in which Hypercorn was about to
    close or recycle the connection: ``Connection: close`` never closed.
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
