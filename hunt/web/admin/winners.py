"""``/v1/admin/hunts/{hunt}/winners``: who won what."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import get_args

from msgspec.structs import asdict, replace
from quart import Blueprint, Response, request

from hunt.core import winner_formats
from hunt.core.claims import RewardState
from hunt.core.form import ID
from hunt.core.player_ids import VALID_PLAYER, valid_player
from hunt.core.winner_formats import FULFILMENT
from hunt.errors import InvalidRequest
from hunt.operations import Operations
from hunt.play.claims import Claims
from hunt.play.history_view import MAX_LIMIT
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.store import Store
from hunt.store.winners import Filter, Winner
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import check_known, operator_blueprint
from hunt.web.responses import json_response

FORMATS = ("json", "csv", "ndjson")


def blueprint(
    play: Play, operations: Operations, *, store: Store, claims: Claims, known: Container[str]
) -> Blueprint:
    """Return the route of winners.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the log.
        claims: Opens the fields of claims.
        known: Ids of the hunts.
    """
    routes = operator_blueprint("admin_winners", play, operations, prefix="/v1/admin")

    @routes.get("/hunts/<hunt_id>/winners")
    async def winners(hunt_id: str) -> Response:
        check_known(hunt_id, known)
        wanted = _filter()
        form = bodies.choice("format", FORMATS)
        fields = bodies.choice("fields", ("false", "true")) == "true"
        after = bodies.whole_number("after", 0, least=0, most=2**62)
        limit = bodies.whole_number("limit", MAX_LIMIT, least=1, most=MAX_LIMIT)
        found, following = await store.winners(
            hunt_id, wanted, after=after, limit=limit, fields=fields
        )
        detail = {name: str(each) for name, each in asdict(wanted).items() if each is not None}
        if fields:
            detail["fields"] = "true"
        actor = caller.operator(play)
        await store.audit.record(
            Entry(
                actor=actor, action="winners", hunt=hunt_id, detail={**detail, "after_seq": after}
            )
        )
        columns = winner_formats.of_hunt(hunt_id, FULFILMENT)
        if fields:
            columns = (*columns, winner_formats.CLAIM)
            found = [_opened(claims, hunt_id, each) for each in found]
        if form == "json":
            rows = [winner_formats.values(each, columns) for each in found]
            return json_response({"winners": rows, "next": following})
        headers = {} if following is None else {"Link": _next(following)}
        if form == "csv":
            text = winner_formats.csv_head(columns) + winner_formats.csv_lines(found, columns)
            mimetype = "text/csv"
        else:
            text, mimetype = winner_formats.json_lines(found, columns), "application/x-ndjson"
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


def _opened(claims: Claims, hunt: str, winner: Winner) -> Winner:
    """Return a winner with the fields of the claim."""
    return replace(winner, fields=claims.fields(hunt, winner.seq, winner.sealed))


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
    state = args.get("state")
    if state is not None and state not in get_args(RewardState):
        errors["state"] = f"must be one of {', '.join(get_args(RewardState))}"
    times: dict[str, datetime] = {}
    for name in ("since", "until"):
        try:
            if (text := args.get(name)) is not None:
                times[name] = _time(text)
        except ValueError:
            errors[name] = "must be a time with its offset, as in 2026-11-01T18:00:00Z"
    if errors:
        raise InvalidRequest("the query is not valid", errors=errors)
    return Filter(prize, player, times.get("since"), times.get("until"), state)  # type: ignore[arg-type]


def _time(text: str) -> datetime:
    """Return the time that `text` names; raise `ValueError` unless it has an offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found
