"""``/ops/samples``, ``/ops/sample`` and ``/ops/kept``: the state of the node, second by second.

These routes do not use the database: they work while it is unavailable.
"""

from __future__ import annotations

from quart import Blueprint, Response, request

from hunt.errors import Overloaded
from hunt.metrics.sample_buffer import KEPT
from hunt.operations import Operations
from hunt.play import contract
from hunt.play.play import Play
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.admin.sample_stream import SampleServices, SampleStream
from hunt.web.responses import json_response


def blueprint(play: Play, operations: Operations, services: SampleServices) -> Blueprint:
    """Return the routes of samples."""
    routes = operator_blueprint(
        "ops", play, operations, prefix="/ops", filtered={"samples", "newest", "kept"}
    )

    @routes.get("/samples")
    async def samples() -> Response:
        body = SampleStream(
            services,
            authorization=request.headers["Authorization"],
            identity=caller.operator_identity(play),
            resume=request.headers.get("Last-Event-ID"),
        )
        response = Response(body, mimetype="text/event-stream", headers=contract.STREAM_HEADERS)
        response.timeout = None  # Quart would end the stream after RESPONSE_TIMEOUT
        return response

    @routes.get("/sample")
    async def newest() -> Response:
        sample = services.samples.newest
        if sample is None:
            raise Overloaded("there is no sample yet", retry_after=1)
        return json_response(sample)

    @routes.get("/kept")
    async def kept() -> Response:
        count = bodies.whole_number("count", KEPT, least=1, most=KEPT)
        return Response(services.samples.last(count), mimetype="application/json")

    return routes
