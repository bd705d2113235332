"""``/livez``, ``/readyz`` and ``/metrics``, for load balancers and Prometheus."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from quart import Blueprint, Response, request

from hunt.metrics import exposition
from hunt.metrics.registry import Registry
from hunt.operations import Operations
from hunt.play.refusals import NotReady
from hunt.web import caller
from hunt.web.responses import json_response


def blueprint(operations: Operations, registry: Registry) -> Blueprint:
    """Return the routes of liveness, readiness and metrics."""
    routes = Blueprint("operations", __name__)

    @routes.get("/livez")
    async def livez() -> Response:
        return json_response({"alive": True})

    @routes.get("/readyz")
    async def readyz() -> Response:
        node = operations.node()
        if not node.ready:
            raise NotReady("; ".join(node.reasons), node.workers)
        return json_response({"ready": True, "workers": node.workers})

    @routes.get("/metrics")
    async def metrics() -> Response:
        caller.check_operations_address(operations)
        total = operations.host.total
        if total is not None and request.args.get("process") != "own":
            page = exposition.render(await total())
        elif total is None and exposition.one_of_many():
            page = exposition.labelled(registry.families(gauges=True), os.getpid())
        else:
            page = registry.render()
        return Response(page, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes
