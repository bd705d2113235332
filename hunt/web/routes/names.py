"""``/v1/name``: the name of a player on leaderboards."""

from __future__ import annotations

from quart import Blueprint, Response

from hunt.errors import InvalidRequest
from hunt.play.names import Names
from hunt.play.play import Play
from hunt.service.limits import Limits
from hunt.web import bodies, caller
from hunt.web.responses import json_response


def blueprint(play: Play, *, names: Names, limits: Limits) -> Blueprint:
    """Return the routes of names."""
    routes = Blueprint("names", __name__)

    @routes.get("/v1/name")
    async def name() -> Response:
        return json_response(await names.get(caller.player(play)))

    @routes.put("/v1/name")
    async def choose() -> Response:
        identity = caller.player(play, changes=True)
        limits.claims.player(identity.player)
        limits.claims.address(caller.source(play).key)
        given = await bodies.json_object()
        if given.keys() != {"name"}:
            raise InvalidRequest("the name is not valid", errors={"name": "is the only member"})
        return json_response(await names.choose(identity, given["name"]))

    return routes
