"""``/v1/admin/hunts/{hunt}/schedule``: acts of operators at a later time."""

from __future__ import annotations

from msgspec import ValidationError, convert, to_builtins
from msgspec.structs import fields
from quart import Blueprint, Response

from hunt.core.schedule import ACTIONS, NewEntry, ScheduleEntry
from hunt.errors import InvalidRequest
from hunt.operations import Operations
from hunt.play.hunt_json import moment
from hunt.play.play import Play
from hunt.store.schedule import Schedule
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response

#: Field -> what it must be.
_VALID = {
    "at": "must be a time with an offset, as in 2030-12-01T18:00:00Z",
    "action": f"must be one of {', '.join(ACTIONS)}",
    "text": "must be a text, or null",
    "prize": "must be the id of a prize, or null",
    "count": "must be a whole number, or null",
    "within": "must be a number of seconds, or null",
}


def blueprint(play: Play, operations: Operations, schedule: Schedule) -> Blueprint:
    """Return the operators' routes of schedules.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        schedule: The schedule in the database.
    """
    routes = operator_blueprint(
        "admin_schedule", play, operations, prefix="/v1/admin/hunts/<hunt_id>/schedule"
    )

    @routes.get("")
    async def entries(hunt_id: str) -> Response:
        found = await schedule.entries(hunt_id)
        return json_response({"entries": [entry_json(each) for each in found]})

    @routes.post("")
    async def add(hunt_id: str) -> Response:
        new = new_entry(await bodies.json_object())
        entry = await schedule.add(hunt_id, new, actor=caller.operator(play))
        response = json_response(entry_json(entry), status=201)
        response.headers["Location"] = f"/v1/admin/hunts/{hunt_id}/schedule/{entry.id}"
        return response

    @routes.delete("/<int:entry>")
    async def remove(hunt_id: str, entry: int) -> Response:
        return json_response(
            entry_json(await schedule.remove(hunt_id, entry, actor=caller.operator(play)))
        )

    return routes


def entry_json(entry: ScheduleEntry) -> dict[str, object]:
    """Return an entry as JSON values."""
    shown: dict[str, object] = to_builtins(entry)
    times = {name: moment(getattr(entry, name)) for name in ("at", "created_at", "settled_at")}
    return shown | times


def new_entry(given: dict[str, object]) -> NewEntry:
    """Return the entry in the body of a request.

    Raises:
        InvalidRequest: A member is unknown, missing, or of the wrong type.
    """
    known = {each.name: each for each in fields(NewEntry)}
    errors = {name: "is not known" for name in given if name not in known}
    for name, field in known.items():
        if name not in given and not field.required:
            continue
        try:
            convert(given.get(name), field.type)
        except ValidationError:
            errors[name] = _VALID[name]
    if errors:
        raise InvalidRequest("the entry is not valid", errors=errors)
    return convert(given, NewEntry)
