"""``/livez``, ``/readyz`` and ``/metrics``, for load balancers and Prometheus."""

from __future__ import annotations

import os
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from quart import Blueprint, Response, request

from hunt.engine import Engine
from hunt.metrics import exposition
from hunt.play.refusals import NotReady
from hunt.web import caller
from hunt.web.responses import json_response


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of liveness, readiness and metrics."""
    routes = Blueprint("operations", __name__)

    @routes.get("/livez")
    async def livez() -> Response:
        return json_response({"alive": True})

    @routes.get("/readyz")
    async def readyz() -> Response:
        node = engine().operations.node()
        if not node.ready:
            raise NotReady("; ".join(node.reasons), node.workers)
        return json_response({"ready": True, "workers": node.workers})

    @routes.get("/metrics")
    async def metrics() -> Response:
        serving = engine()
        caller.check_operations_address(serving)
        total, registry = serving.operations.host.total, serving.telemetry.registry
        if total is not None and request.args.get("process") != "own":
            page = exposition.render(await total())
        elif total is None and exposition.one_of_many():
            page = exposition.labelled(registry.families(gauges=True), os.getpid())
        else:
            page = registry.render()
        return Response(page, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes
