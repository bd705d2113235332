"""Repairs of Quart-Trio's HTTP connection."""

from __future__ import annotations

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent
from quart import Response
from quart_trio.asgi import TrioASGIHTTPConnection

#: Seconds that the end of a response may take; the connection bounds its sends itself.
END_TIMEOUT = 15.0


def empty(status: int, headers: dict[str, str] | None = None) -> Response:
    """Return a response without a body.

    Quart makes a generator of a missing body, and that one asks for asyncio's
    loop: the client would get no response at all.  An empty body is none.
    """
    return Response(b"", status=status, headers=headers)


class HTTPConnection(TrioASGIHTTPConnection):
    """Finishes a response before it is cancelled (TRAPS, Q1).

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
