"""``GET /v1/hunts/{hunt}/socket``: answers to requests that do not become WebSockets.

Valid handshakes never reach this route, because `hunt.edge.http1` takes them from Hypercorn.
"""

from __future__ import annotations

from quart import Blueprint, Response, request

from hunt.errors import InvalidRequest
from hunt.play import contract, problems
from hunt.play.play import Play
from hunt.play.socket_handshake import check_handshake
from hunt.web import caller
from hunt.web.responses import problem_response


def blueprint(play: Play) -> Blueprint:
    """Return the route of WebSockets."""
    routes = Blueprint("sockets", __name__)

    @routes.get(contract.SOCKET)
    async def socket(hunt_id: str) -> Response:
        check_handshake(play, caller.play_request(hunt_id))
        if request.headers.get("Sec-WebSocket-Version") == contract.WEBSOCKET_VERSION:
            raise InvalidRequest("the handshake is not valid (RFC 6455)")
        headers = {"Sec-WebSocket-Version": contract.WEBSOCKET_VERSION}
        if request.http_version == "1.1":  # HTTP/2 forbids these headers
            headers |= {"Upgrade": "websocket", "Connection": "Upgrade"}
        detail = "this path accepts only WebSocket handshakes, version 13, over HTTP/1.1"
        return problem_response(problems.problem(426, detail, headers=headers))

    return routes
