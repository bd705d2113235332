"""What operators and load balancers ask."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from quart import Blueprint, Response, request

from hunt.core import wire
from hunt.engine import Engine
from hunt.web import problems, summing


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of operations."""
    routes = Blueprint("operations", __name__)

    @routes.get("/livez")
    async def livez() -> Response:
        return Response(wire.encode({"alive": True}), mimetype="application/json")

    @routes.get("/readyz")
    async def readyz() -> Response:
        ready, reasons = engine().ready()
        if not ready:
            problem = problems.problem(503, "; ".join(reasons), headers={"Retry-After": "1"})
            return problem.response()
        return Response(wire.encode({"ready": True}), mimetype="application/json")

    @routes.get("/metrics")
    async def metrics() -> Response:
        serving = engine()
        page = serving.metrics.render()
        if request.args.get("process") != "own":
            page = await summing.total(page, serving.siblings())
        return Response(page, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes
