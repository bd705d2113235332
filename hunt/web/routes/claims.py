"""``POST /v1/hunts/{hunt}/rewards/{seq}/claim``: claims of rewards by their players."""

from __future__ import annotations

from quart import Blueprint, Response

from hunt.core import wire
from hunt.play.auth import check_hunt
from hunt.play.claims import Claims
from hunt.play.play import Play
from hunt.service.limits import Limits
from hunt.web import bodies, caller


def blueprint(play: Play, *, claims: Claims, limits: Limits) -> Blueprint:
    """Return the route of claims."""
    routes = Blueprint("claims", __name__)

    @routes.post("/v1/hunts/<hunt_id>/rewards/<seq>/claim")
    async def claim(hunt_id: str, seq: str) -> Response:
        identity = caller.player(play, changes=True)
        hunt = play.hunt(hunt_id)
        check_hunt(identity, hunt.id)
        number = bodies.seq(seq)
        limits.claims.player(identity.player)
        limits.claims.address(caller.source(play).key)
        reward = await claims.claim(hunt, identity.player, number, await bodies.json_object())
        return Response(wire.reward_json(reward), mimetype="application/json")

    return routes
