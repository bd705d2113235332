"""``GET /v1/hunts/{hunt}/socket``: which handshake may become a socket, and what others are told.

The sockets themselves live below Quart, in `hunt.edge.socket`.
"""

from __future__ import annotations

from collections.abc import Callable

from quart import Blueprint, Response, request

from hunt.core import websocket_messages
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import InvalidRequest, NotAllowed, Refused

#: Of the protocol, the only one there is (RFC 6455, 4.1).
from hunt.play import auth, endpoints
from hunt.web import problems, who

VERSION = "13"


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the route of what comes to the place of sockets, and becomes none."""
    routes = Blueprint("sockets", __name__)

    @routes.get("/v1/hunts/<hunt_id>/socket")
    async def socket(hunt_id: str) -> Response:
        admit(engine(), who.asked(hunt_id))
        if request.headers.get("Sec-WebSocket-Version") == VERSION:
            raise InvalidRequest("this is no handshake of RFC 6455")
        headers = {"Sec-WebSocket-Version": VERSION}
        if request.http_version == "1.1":  # later ones know no such headers
            headers |= {"Upgrade": "websocket", "Connection": "Upgrade"}
        detail = "this takes the handshake of a WebSocket, version 13, over HTTP/1.1"
        return problems.problem(426, detail, headers=headers).response()

    return routes


def admit(engine: Engine, asked: endpoints.Asked) -> Hunt:
    """Return the hunt of a handshake that may become a socket, whoever sends it.

    Every handshake has to say its Origin, also with a token and from no browser: a
    page elsewhere can have a browser open a socket, and nothing else would tell.

    Raises:
        HuntNotFound: There is no such hunt.
        NotAllowed: The Origin is missing, or not allowed.
        InvalidRequest: A socket is asked for what only event streams have.
    """
    hunt = endpoints.hunt_of(engine, None, asked.hunt)
    if asked.origin is None:
        raise NotAllowed("the handshake of a WebSocket must say its Origin")
    auth.check_origin(
        asked.origin, host=asked.host, fetch_site=None, allowed=engine.settings.allowed_origins
    )
    if asked.scope not in {None, "own"}:
        wrong = "a socket has the player's own rewards only"
        raise InvalidRequest("the query is not valid", errors={"scope": wrong})
    return hunt


def refused(click_id: str | None, error: Refused) -> str:
    """Return the message that says no, with what the same answer by HTTP would say."""
    pause = getattr(error, "retry_after", None)
    return websocket_messages.refused(
        click_id,
        error.status,
        str(error),
        retry_after=None if pause is None else max(round(pause, 3), 0.001),
        errors=getattr(error, "errors", None),
        opens_at=getattr(error, "opens_at", None),
        closes_at=getattr(error, "closes_at", None),
    )
