"""``POST /v1/hunts/{hunt}/clicks``: a click, and its answer once that is durable."""

from __future__ import annotations

from collections.abc import Callable

import trio
from quart import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from hunt.core import wire
from hunt.engine import Engine
from hunt.errors import Refused
from hunt.web import who


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the route of clicks."""
    routes = Blueprint("clicks", __name__)

    @routes.post("/v1/hunts/<hunt_id>/clicks")
    async def click(hunt_id: str) -> Response:
        serving = engine()
        started = trio.current_time()
        identity = who.player(serving, changes=True)
        hunt = who.hunt_of(serving, identity, hunt_id)
        try:
            if request.mimetype != "application/json":
                raise UnsupportedMediaType("a click is application/json")
            body = await request.get_data(cache=False)
            assert isinstance(body, bytes)  # as_text was not asked for
            click_id, x, y = wire.decode_click(body, hunt.definition.width, hunt.definition.height)
            settlement = await serving.intake.settle(hunt_id, identity.player, click_id, (x, y))
        except Refused as refusal:
            serving.metrics.clicked(hunt_id, refusal, trio.current_time() - started)
            raise
        serving.metrics.clicked(hunt_id, settlement, trio.current_time() - started)
        return Response(wire.settlement_json(settlement), mimetype="application/json")

    return routes
