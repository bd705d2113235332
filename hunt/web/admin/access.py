"""What operators and load balancers ask."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from quart import Blueprint, Response, request

from hunt.core import wire
from hunt.core.form import ID
from hunt.core.player_ids import valid_player
from hunt.engine import Engine
from hunt.errors import HuntNotFound, InvalidRequest, NotAllowed, NotAuthenticated
from hunt.metrics import exposition
from hunt.play import auth
from hunt.play.refusals import NotReady
from hunt.web import who
from hunt.web.admin import sign_in


def restricted(
    name: str,
    engine: Callable[[], Engine],
    *,
    prefix: str,
    bound: Collection[str] = (),
) -> Blueprint:
    """Return a blueprint whose routes only operators may use, and only where they are served.

    The claim ``hunts`` of a token binds operators, too.  A route with a hunt in its path is
    refused where the claim does not name it; any other route is refused to a token with the
    claim, unless its function keeps to `operator_identity` by itself.

    Args:
        name: Of the blueprint.
        engine: Returns the engine that serves.
        prefix: Of the paths.
        bound: Names of the functions that keep to the claim by themselves.
    """
    routes = Blueprint(name, __name__, url_prefix=prefix)

    @routes.before_request
    async def only_operators() -> None:
        serving = engine()
        who.check_place(serving)
        named = request.view_args or {}
        operator = None
        try:
            identity = who.operator_identity(serving)
            operator = identity.player
            if "hunt_id" in named:
                auth.check_hunt(identity, named["hunt_id"])
            elif identity.hunts is not None and _function(request.endpoint) not in bound:
                raise NotAllowed(auth.ALL_HUNTS)
        except (NotAuthenticated, NotAllowed) as refusal:
            sign_in.refused(serving, refusal, operator)
            raise
        if "hunt_id" in named and not ID.fullmatch(named["hunt_id"]):
            raise HuntNotFound("there is no such hunt")
        if "player" in named and not valid_player(named["player"]):
            wrong = "must be 1-64 of A-Z a-z 0-9 _ . : -"
            raise InvalidRequest("the path is not valid", errors={"player": wrong})

    return routes


def _function(endpoint: str | None) -> str:
    """Return the name of a route's function, without that of its blueprint."""
    return (endpoint or "").rpartition(".")[2]


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of operations."""
    routes = Blueprint("operations", __name__)

    @routes.get("/livez")
    async def livez() -> Response:
        return Response(wire.encode({"alive": True}), mimetype="application/json")

    @routes.get("/readyz")
    async def readyz() -> Response:
        node = engine().operations.node()
        if not node.ready:
            raise NotReady("; ".join(node.reasons), node.workers)
        body = wire.encode({"ready": True, "workers": node.workers})
        return Response(body, mimetype="application/json")

    @routes.get("/metrics")
    async def metrics() -> Response:
        serving = engine()
        who.check_place(serving)
        total, registry = serving.operations.host.total, serving.telemetry.registry
        if total is not None and request.args.get("process") != "own":
            page = exposition.render(await total())
        elif total is None and exposition.one_of_many():
            page = exposition.labelled(registry.families(gauges=True), os.getpid())
        else:
            page = registry.render()
        return Response(page, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes
