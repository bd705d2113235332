"""``GET /v1/hunts/{hunt}/events``: an event stream."""

from __future__ import annotations

from quart import Blueprint, Response
from quart.wrappers.response import DataBody, ResponseBody

from hunt.errors import Refused
from hunt.play import contract
from hunt.play.answers import Over, Pause
from hunt.play.event_stream import EventStream
from hunt.play.play import Play
from hunt.web import caller
from hunt.web.endless_body import EndlessBody
from hunt.web.responses import empty


def blueprint(play: Play) -> Blueprint:
    """Return the route of event streams."""
    routes = Blueprint("streams", __name__)

    @routes.get(contract.EVENTS)
    async def events(hunt_id: str) -> Response:
        answer = play.events(caller.play_request(hunt_id), caller.peer(play))
        if isinstance(answer, Refused):
            raise answer
        if isinstance(answer, Over):
            return empty(answer.status)
        if isinstance(answer, Pause):
            return _response(answer.blocks)
        return _response(StreamBody(answer))

    return routes


def _response(body: bytes | ResponseBody) -> Response:
    """Return the response of an event stream."""
    response = Response(body, mimetype="text/event-stream", headers=contract.STREAM_HEADERS)
    response.timeout = None  # otherwise Quart ends the stream after RESPONSE_TIMEOUT (trap Q4)
    return response


def drop_body(response: Response) -> None:
    """End the answer to a ``HEAD`` request after its headers, if the body is a stream.

    Hypercorn sends no body then, but the application would go on producing it.
    """
    if not isinstance(response.response, DataBody):
        response.set_data(b"")
        response.headers.pop("Content-Length", None)


class StreamBody(EventStream, EndlessBody):
    """An event stream as the body of a Quart response."""
