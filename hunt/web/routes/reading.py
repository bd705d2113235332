"""Routes that read: hunts, a player's own rewards, and the leaderboard."""

from __future__ import annotations

from quart import Blueprint, Response

from hunt.play.play import Play
from hunt.play.resources import Resource, Resources
from hunt.web import caller
from hunt.web.responses import reply_response


def blueprint(play: Play, resources: Resources) -> Blueprint:
    """Return the routes of the hunts' resources, and of the list of hunts."""
    routes = Blueprint("reading", __name__)
    add_resource(routes, play, resources.fixed["/v1/hunts"])
    for each in resources.hunts.values():
        add_resource(routes, play, each)
    return routes


def add_resource(routes: Blueprint, play: Play, resource: Resource) -> None:
    """Add the route of a resource."""

    async def respond(**path: str) -> Response:
        [in_path] = path.values() or [""]  # the id of a hunt or of a campaign
        request = caller.play_request(in_path)
        return reply_response(await resource.get(request, caller.peer(play)))

    methods = sorted(resource.methods - {"HEAD"})  # Quart adds it
    name = resource.route.replace(".", "_")
    routes.add_url_rule(resource.route, name, respond, methods=methods)
