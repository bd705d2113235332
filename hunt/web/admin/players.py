"""``/v1/admin/players``: read, export and erase the data of a player."""

from __future__ import annotations

import re
from collections.abc import Container

from msgspec.structs import asdict
from quart import Blueprint, Response, request

from hunt.core.definition import is_test
from hunt.errors import InvalidRequest
from hunt.operations import Operations
from hunt.play.claims import Claims
from hunt.play.history_view import MAX_LIMIT, history
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.players import Row
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin import rights
from hunt.web.admin.operator_routes import check_known, operator_blueprint
from hunt.web.responses import json_response

#: Position in an export: hunt id and seq of the last click.
_CURSOR = re.compile(r"([a-z0-9-]{1,64}):([0-9]{1,18})", re.ASCII)


def blueprint(
    play: Play, operations: Operations, *, store: Store, claims: Claims, known: Container[str]
) -> Blueprint:
    """Return the operators' routes of players.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the data of players.
        claims: Opens the fields of claims.
        known: Ids of the hunts.
    """
    routes = operator_blueprint(
        "admin_players", play, operations, prefix="/v1/admin", filtered={"export"}
    )

    @routes.get("/hunts/<hunt_id>/players/<player>/rewards")
    async def rewards(hunt_id: str, player: str) -> Response:
        check_known(hunt_id, known)
        query = request.query_string.decode("latin-1")
        body = await history(store.log, hunt_id, player, query, codes=False)
        actor = caller.operator(play)
        await store.audit.record(
            Entry(actor=actor, action="rewards", hunt=hunt_id, detail={"player": player})
        )
        return Response(body, mimetype="application/json")

    @routes.get("/players/<player>")
    async def export(player: str) -> Response:
        operator = caller.operator_identity(play)
        after, limit = _cursor(), bodies.whole_number("limit", 1000, least=1, most=MAX_LIMIT)
        rows = await store.players.export(player, after=after, limit=limit, hunts=operator.hunts)
        detail: dict[str, object] = {"player": player}
        if operator.hunts is not None:
            detail["hunts"] = sorted(operator.hunts)
        await store.audit.record(Entry(actor=operator.player, action="export", detail=detail))
        following = f"{rows[-1].hunt}:{rows[-1].seq}" if len(rows) == limit else None
        may_read = rights.may_read_claims(operator)
        shown: dict[str, object] = {
            "player": player,
            "clicks": [_click(each, claims if may_read else None) for each in rows],
            "next": following,
        }
        if following is None and operator.hunts is None:
            shown["records"] = await store.players.records(player)
        return json_response(shown)

    @routes.delete("/players/<player>")
    async def erase(player: str) -> Response:
        actor = caller.operator(play)
        pseudonym, clicks = await store.players.erase(player, actor=actor)
        return json_response({"erased": clicks, "now": pseudonym})

    @routes.get("/names")
    async def names() -> Response:
        wanted = request.args.get("name", "")
        if not wanted:
            raise InvalidRequest("the query is not valid", errors={"name": "is missing"})
        found = await store.names.search(wanted)
        detail: dict[str, object] = {"players": len(found)}
        await store.audit.record(Entry(actor=caller.operator(play), action="names", detail=detail))
        return json_response({"names": [asdict(each) for each in found]})

    @routes.put("/players/<player>/name")
    async def refuse(player: str) -> Response:
        given = await bodies.json_object()
        refused = given.get("refused")
        if given.keys() != {"refused"} or not isinstance(refused, bool):
            wrong = {"refused": "must be true or false, and the only member"}
            raise InvalidRequest("the body is not valid", errors=wrong)
        found = await store.names.refuse(player, refused=refused, actor=caller.operator(play))
        if found is None:
            raise InvalidRequest("this player has no name", errors={"player": "has no name"})
        return json_response(asdict(found))

    return routes


def _click(row: Row, claims: Claims | None) -> dict[str, object]:
    """Return a click as JSON, with the fields of its claim if the operator may read them."""
    found = {name: each for name, each in asdict(row).items() if name != "sealed"}
    if is_test(row.hunt):
        found["test"] = True
    found["fields"] = claims and claims.fields(row.hunt, row.seq, row.sealed)
    return found


def _cursor() -> tuple[str, int]:
    """Return the position in the query: hunt id and seq; the beginning without one.

    Raises:
        InvalidRequest: The position is malformed.
    """
    text = request.args.get("after")
    if text is None:
        return "", 0
    match = _CURSOR.fullmatch(text)
    if match is None:
        wrong = "must be the value of next in the previous page"
        raise InvalidRequest("the query is not valid", errors={"after": wrong})
    return match[1], int(match[2])
