"""``/v1/admin/audit``: the audit trail."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response, request

from hunt.core.form import ID
from hunt.core.player_ids import VALID_PLAYER, valid_player
from hunt.errors import InvalidRequest, NotAllowed
from hunt.operations import Operations
from hunt.play import auth
from hunt.play.history_view import MAX_LIMIT
from hunt.play.hunt_json import moment
from hunt.play.play import Play
from hunt.store.audit import Audit
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response


def blueprint(play: Play, operations: Operations, trail: Audit) -> Blueprint:
    """Return the route of the audit trail."""
    routes = operator_blueprint(
        "admin_audit", play, operations, prefix="/v1/admin", filtered={"audit"}
    )

    @routes.get("/audit")
    async def audit() -> Response:
        limit = bodies.whole_number("limit", 100, least=1, most=MAX_LIMIT)
        before = bodies.whole_number("before", 2**62, least=1, most=2**62)
        hunt, allowed = request.args.get("hunt"), caller.operator_identity(play).hunts
        player = request.args.get("player")
        if player is not None and not valid_player(player):
            wrong = f"must be {VALID_PLAYER}"
            raise InvalidRequest("the query is not valid", errors={"player": wrong})
        if hunt is not None and not ID.fullmatch(hunt):
            raise InvalidRequest("the query is not valid", errors={"hunt": "must be a hunt's id"})
        if allowed is not None and hunt is not None and hunt not in allowed:
            raise NotAllowed(auth.OTHER_HUNT)
        hunts = allowed if hunt is None else {hunt}
        found = await trail.list(hunts=hunts, player=player, before=before, limit=limit)
        entries = [msgspec.structs.asdict(each) | {"at": moment(each.at)} for each in found]
        following = found[-1].id if len(found) == limit else None
        return json_response({"entries": entries, "next": following})

    return routes
