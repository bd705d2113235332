"""``/v1/admin/players`` and ``/v1/admin/audit``: what is known of people, and who asked."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from quart import Blueprint, Response, request

from hunt.core.form import ID
from hunt.engine import Engine
from hunt.errors import HuntNotFound, InvalidRequest, NotAllowed
from hunt.play import auth
from hunt.store.audit import Entry
from hunt.web import bodies, who
from hunt.web.admin import access
from hunt.web.admin.hunts import answer
from hunt.web.routes.reading import MAX_LIMIT, history, moment

_CURSOR = re.compile(r"([a-z0-9-]{1,64}):([0-9]{1,18})", re.ASCII)


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of players and of the audit trail, for operators."""
    routes = access.restricted(
        "admin_players", engine, prefix="/v1/admin", bound={"export", "audit"}
    )

    @routes.get("/hunts/<hunt_id>/players/<player>/rewards")
    async def rewards(hunt_id: str, player: str) -> Response:
        serving = engine()
        if hunt_id not in serving.hunts:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        response = await history(serving, hunt_id, player)
        actor, detail = who.operator(serving), {"player": player}
        await serving.store.audit.record(
            Entry(actor=actor, action="rewards", hunt=hunt_id, detail=dict(detail))
        )
        return response

    @routes.get("/players/<player>")
    async def export(player: str) -> Response:
        serving = engine()
        after, limit = _after(), bodies.whole("limit", 1000, least=1, most=MAX_LIMIT)
        operator = who.operator_identity(serving)
        rows = await serving.store.players.export(
            player, after=after, limit=limit, hunts=operator.hunts
        )
        detail: dict[str, object] = {"player": player}
        if operator.hunts is not None:
            detail["hunts"] = sorted(operator.hunts)
        await serving.store.audit.record(
            Entry(actor=operator.player, action="export", detail=detail)
        )
        following = f"{rows[-1].hunt}:{rows[-1].seq}" if len(rows) == limit else None
        return answer({"player": player, "clicks": rows, "next": following})

    @routes.delete("/players/<player>")
    async def erase(player: str) -> Response:
        serving = engine()
        nobody, clicks = await serving.store.players.erase(player, actor=who.operator(serving))
        return answer({"erased": clicks, "now": nobody})

    @routes.get("/audit")
    async def audit() -> Response:
        limit = bodies.whole("limit", 100, least=1, most=MAX_LIMIT)
        before = bodies.whole("before", 2**62, least=1, most=2**62)
        hunt, allowed = request.args.get("hunt"), who.operator_identity(engine()).hunts
        if hunt is not None and not ID.fullmatch(hunt):
            raise InvalidRequest("the query is not valid", errors={"hunt": "must be a hunt's id"})
        wanted = allowed if hunt is None else {hunt}
        if allowed is not None and hunt is not None and hunt not in allowed:
            raise NotAllowed(auth.OTHER_HUNT)
        found = await engine().store.audit.list(hunts=wanted, before=before, limit=limit)
        shown = [msgspec.structs.asdict(each) | {"at": moment(each.at)} for each in found]
        return answer({"entries": shown, "next": found[-1].id if len(found) == limit else None})

    return routes


def _after() -> tuple[str, int]:
    text = request.args.get("after")
    if text is None:
        return "", 0
    match = _CURSOR.fullmatch(text)
    if match is None:
        wrong = "must be what next said"
        raise InvalidRequest("the query is not valid", errors={"after": wrong})
    return match[1], int(match[2])
