"""``/v1/admin/hunts/{hunt}/winners``: who won what."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from msgspec.structs import asdict
from quart import Blueprint, Response, request

from hunt.core import winner_formats
from hunt.core.form import ID
from hunt.core.player_ids import VALID_PLAYER, valid_player
from hunt.core.winner_formats import FULFILMENT
from hunt.errors import HuntNotFound, InvalidRequest
from hunt.operations import Operations
from hunt.play.history_view import MAX_LIMIT
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.store import Store
from hunt.store.winners import Filter
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response

FORMATS = ("json", "csv", "ndjson")


def blueprint(
    play: Play, operations: Operations, *, store: Store, known: Container[str]
) -> Blueprint:
    """Return the route of winners.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the log.
        known: Ids of the hunts.
    """
    routes = operator_blueprint("admin_winners", play, operations, prefix="/v1/admin")

    @routes.get("/hunts/<hunt_id>/winners")
    async def winners(hunt_id: str) -> Response:
        if hunt_id not in known:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        wanted, form = _filter(), request.args.get("format", "json")
        if form not in FORMATS:
            wrong = f"must be one of {', '.join(FORMATS)}"
            raise InvalidRequest("the query is not valid", errors={"format": wrong})
        after = bodies.whole_number("after", 0, least=0, most=2**62)
        limit = bodies.whole_number("limit", MAX_LIMIT, least=1, most=MAX_LIMIT)
        found, following = await store.winners(hunt_id, wanted, after=after, limit=limit)
        detail = {name: str(each) for name, each in asdict(wanted).items() if each is not None}
        actor = caller.operator(play)
        await store.audit.record(
            Entry(actor=actor, action="winners", hunt=hunt_id, detail={**detail, "after": after})
        )
        if form == "json":
            rows = [winner_formats.values(each, FULFILMENT) for each in found]
            return json_response({"winners": rows, "next": following})
        headers = {} if following is None else {"Link": _next(following)}
        if form == "csv":
            lines = winner_formats.csv_lines(found, FULFILMENT)
            text, mimetype = winner_formats.csv_head(FULFILMENT) + lines, "text/csv"
        else:
            text, mimetype = winner_formats.json_lines(found, FULFILMENT), "application/x-ndjson"
        return Response(text, mimetype=mimetype, headers=headers)

    return routes


def _next(after: int) -> str:
    """Return the header ``Link`` (RFC 8288) to the following page, relative to this one."""
    query = "&".join(
        f"{name}={value}"
        for name, value in [*request.args.items(), ("after", after)]
        if name != "after" or value == after
    )
    return f'<?{query}>; rel="next"'


def _filter() -> Filter:
    """Return the filter in the query.

    Raises:
        InvalidRequest: A value is malformed.
    """
    args, errors = request.args, {}
    prize, player = args.get("prize"), args.get("player")
    if prize is not None and not ID.fullmatch(prize):
        errors["prize"] = "must be the id of a prize"
    if player is not None and not valid_player(player):
        errors["player"] = f"must be {VALID_PLAYER}"
    times: dict[str, datetime] = {}
    for name in ("since", "until"):
        try:
            if (text := args.get(name)) is not None:
                times[name] = _time(text)
        except ValueError:
            errors[name] = "must be a time with its offset, as in 2026-11-01T18:00:00Z"
    if errors:
        raise InvalidRequest("the query is not valid", errors=errors)
    return Filter(prize, player, times.get("since"), times.get("until"))


def _time(text: str) -> datetime:
    """Return the time that `text` names; raise `ValueError` unless it has an offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found
