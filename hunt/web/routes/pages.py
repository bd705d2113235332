"""The pages (game, operations, API reference) and the files that they load."""

from __future__ import annotations

from quart import Blueprint, Response
from werkzeug.exceptions import NotFound

from hunt.core import form
from hunt.operations import Operations
from hunt.play.play import Play
from hunt.play.resources import Resource, Resources
from hunt.web import caller
from hunt.web.responses import reply_response
from hunt.web.routes.reading import add_resource

#: Resources that only the operations address serves, if there is one.
RESTRICTED = ("/ops", "/metrics")

#: Routes with a resource for each path.
_FILES = "/static/"


def blueprint(play: Play, operations: Operations, resources: Resources) -> Blueprint:
    """Return the routes of the pages, the files and the operations routes."""
    routes = Blueprint("pages", __name__)

    def respond(path: str) -> Response:
        found = resources.fixed.get(path)
        request = caller.play_request()
        reply = None if found is None else found.peek(request, caller.peer(play))
        if reply is None:
            raise NotFound("there is no such file")
        return reply_response(reply)

    @routes.get("/static/<name>")
    async def static(name: str) -> Response:
        return respond(f"{_FILES}{name}")

    @routes.get("/static/<folder>/<name>")
    async def static_in_folder(folder: str, name: str) -> Response:
        return respond(f"{_FILES}{folder}/{name}")

    @routes.get("/proof/<hunt_id>")
    async def proof_of_hunt(hunt_id: str) -> Response:
        if not form.ID.fullmatch(hunt_id):
            raise NotFound("there is no such hunt")
        return respond("/proof")  # the page requests the bundle of the hunt in its address

    for path in ("/", "/docs", "/docs/problems", "/openapi.json", "/livez", "/proof", "/readyz"):
        add_resource(routes, play, resources.fixed[path])
    for path in RESTRICTED:
        _add_restricted(routes, play, operations, resources.restricted[path])
    return routes


def _add_restricted(
    routes: Blueprint, play: Play, operations: Operations, resource: Resource
) -> None:
    """Add the route of a resource that only the operations address serves."""

    async def respond() -> Response:
        caller.check_operations_address(operations)
        return reply_response(await resource.get(caller.play_request(), caller.peer(play)))

    routes.add_url_rule(resource.route, resource.route, respond, methods=["GET"])
