"""``/v1/admin/hunts/{hunt}/codes``: load the codes of a prize, and count them."""

from __future__ import annotations

from collections.abc import Container

from msgspec import to_builtins
from quart import Blueprint, Response

from hunt.core.form import ID
from hunt.errors import InvalidRequest, SealError, WrongState
from hunt.operations import Operations
from hunt.play.play import Play
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import check_known, operator_blueprint
from hunt.web.responses import json_response


def blueprint(
    play: Play, operations: Operations, *, store: Store, known: Container[str]
) -> Blueprint:
    """Return the routes of codes; none of them shows a code.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the codes.
        known: Ids of the hunts.
    """
    routes = operator_blueprint("admin_codes", play, operations, prefix="/v1/admin")

    @routes.get("/hunts/<hunt_id>/codes")
    async def status(hunt_id: str) -> Response:
        check_known(hunt_id, known)
        found = await store.codes.status(hunt_id)
        return json_response({"codes": [to_builtins(each) | {"left": each.left} for each in found]})

    @routes.post("/hunts/<hunt_id>/prizes/<prize>/codes")
    async def load(hunt_id: str, prize: str) -> Response:
        body = await bodies.json_object()
        wanted = body.get("codes")
        if not isinstance(wanted, list) or not wanted or body.keys() != {"codes"}:
            raise InvalidRequest('the body must be {"codes": [...]}, with at least one code')
        if not all(isinstance(each, str) for each in wanted):
            raise InvalidRequest("each code must be a text")
        if not ID.fullmatch(prize):
            raise InvalidRequest("the path is not valid", errors={"prize": "must be an id"})
        actor = caller.operator(play)
        try:
            count, stock = await store.codes.load(hunt_id, prize, [wanted], actor=actor)
        except SealError as exc:
            raise WrongState(f"codes cannot be encrypted: {exc}") from None
        return json_response({"loaded": count, "stock": stock}, status=201)

    return routes
