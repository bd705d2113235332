"""The check of a WebSocket's handshake."""

from __future__ import annotations

from hunt.errors import InvalidRequest, NotAllowed
from hunt.play.play import Play
from hunt.play.request import Request


def check_handshake(play: Play, request: Request) -> None:
    """Check the handshake of a WebSocket, before its client is authenticated.

    Every handshake must carry an ``Origin``, even one with a token: any page can make a
    browser open a WebSocket, and only this header names the page.

    Raises:
        HuntNotFound: There is no such hunt.
        NotAllowed: The origin is missing, or not allowed.
        InvalidRequest: The query asks for events that only event streams have.
    """
    play.hunt(request.hunt)
    if request.origin is None:
        raise NotAllowed("the handshake of a WebSocket must carry an Origin header")
    play.authenticator.check_own(request.origin, request.host)
    if request.scope not in {None, "own"}:
        wrong = {"scope": "must be own, or absent: a socket has only the player's own rewards"}
        raise InvalidRequest("the query is not valid", errors=wrong)
