"""``/v1/admin/hunts``: create, change, open, pause, close and delete hunts."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable

from quart import Blueprint, Response

from hunt.core.fairness import new_seed
from hunt.core.hunt_file import to_json
from hunt.core.hunts import Hunt
from hunt.errors import HuntNotFound, InvalidRequest, SealError, WrongState
from hunt.operations import Operations
from hunt.play import auth
from hunt.play.hunt_json import moment
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin.hunt_json import (
    definition_errors,
    hunt_details,
    hunt_stock,
    hunt_summary,
    parse_definition,
    restock,
)
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response

_SHARE = re.compile(r"[0-9a-f]{64}", re.ASCII)


def blueprint(play: Play, operations: Operations, store: Store) -> Blueprint:
    """Return the operators' routes of hunts."""
    routes = operator_blueprint(
        "admin", play, operations, prefix="/v1/admin", filtered={"hunts", "create"}
    )

    @routes.get("/hunts")
    async def hunts() -> Response:
        allowed = caller.operator_identity(play).hunts
        found = await store.hunts.all()
        shown = [hunt_summary(hunt) for hunt in found if allowed is None or hunt.id in allowed]
        return json_response({"hunts": shown})

    @routes.post("/hunts")
    async def create() -> Response:
        operator = caller.operator_identity(play)
        definition = parse_definition(await bodies.json_object())
        auth.check_hunt(operator, definition.id)
        with definition_errors():
            await store.hunts.create(definition, seed=new_seed(os.urandom), actor=operator.player)
        response = json_response(hunt_details(await _stored(store, definition.id)), status=201)
        response.headers["Location"] = f"/v1/admin/hunts/{definition.id}"
        return response

    @routes.get("/hunts/<hunt_id>")
    async def hunt(hunt_id: str) -> Response:
        return json_response(await _read(store, hunt_id, caller.operator(play)))

    @routes.put("/hunts/<hunt_id>")
    async def change(hunt_id: str) -> Response:
        definition = parse_definition(await bodies.json_object())
        if definition.id != hunt_id:
            raise InvalidRequest("the hunt is not valid", errors={"id": f"must be {hunt_id}"})
        with definition_errors():
            changes = await store.hunts.change(
                hunt_id, lambda _: definition, actor=caller.operator(play)
            )
        # The audit trail already records a change.  Without a change, this was a read.
        shown = (
            hunt_details(await _stored(store, hunt_id))
            if changes
            else await _read(store, hunt_id, caller.operator(play))
        )
        return json_response(shown | {"changes": changes})

    @routes.post("/hunts/<hunt_id>/open")
    async def open_(hunt_id: str) -> Response:
        return await _change_state(store, hunt_id, caller.operator(play), store.hunts.open)

    @routes.post("/hunts/<hunt_id>/pause")
    async def pause(hunt_id: str) -> Response:
        return await _change_state(store, hunt_id, caller.operator(play), store.hunts.pause)

    @routes.post("/hunts/<hunt_id>/close")
    async def close(hunt_id: str) -> Response:
        return await _change_state(store, hunt_id, caller.operator(play), store.hunts.close)

    @routes.delete("/hunts/<hunt_id>")
    async def delete(hunt_id: str) -> Response:
        await store.hunts.delete(hunt_id, actor=caller.operator(play))
        return json_response({"deleted": hunt_id})

    @routes.get("/hunts/<hunt_id>/versions")
    async def versions(hunt_id: str) -> Response:
        found = await store.hunts.versions(hunt_id)
        if not found:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        await _record_read(store, hunt_id, caller.operator(play))
        shown = [
            {
                "version": each.version,
                "at": moment(each.at),
                "actor": each.actor,
                "definition": to_json(each.definition),
            }
            for each in found
        ]
        return json_response({"versions": shown})

    @routes.get("/hunts/<hunt_id>/stock")
    async def stock(hunt_id: str) -> Response:
        return json_response({"prizes": hunt_stock(await _stored(store, hunt_id))})

    @routes.patch("/hunts/<hunt_id>/stock")
    async def change_stock(hunt_id: str) -> Response:
        wanted = await bodies.json_object()
        with definition_errors():
            await store.hunts.change(
                hunt_id, lambda before: restock(before, wanted), actor=caller.operator(play)
            )
        return json_response({"prizes": hunt_stock(await _stored(store, hunt_id))})

    @routes.put("/hunts/<hunt_id>/seed-share")
    async def seed_share(hunt_id: str) -> Response:
        body = await bodies.json_object()
        given = body.get("share")
        if set(body) != {"share"} or not isinstance(given, str) or not _SHARE.fullmatch(given):
            problem = {"share": "must be 64 digits of 0-9 and a-f"}
            raise InvalidRequest("the share is not valid", errors=problem)
        try:
            await store.hunts.enter_share(
                hunt_id, bytes.fromhex(given), actor=caller.operator(play)
            )
        except SealError:  # HUNT_DATA_KEYS is for the operator of the server
            raise WrongState("the server has no data keys, so it cannot store a share") from None
        return json_response({"hunt": hunt_id, "entered": True})

    @routes.put("/hunts/<hunt_id>/announcement")
    async def announce(hunt_id: str) -> Response:
        body = await bodies.json_object()
        text = body.get("text")
        if set(body) != {"text"} or not isinstance(text, str | None):
            problem = {"text": "must be a text, or null to withdraw the last one"}
            raise InvalidRequest("the announcement is not valid", errors=problem)
        made = await store.announcements.announce(hunt_id, text, actor=caller.operator(play))
        return json_response({"number": made.number, "text": made.text, "at": moment(made.at)})

    return routes


async def _stored(store: Store, hunt_id: str) -> Hunt:
    """Return a hunt from the database; the copy in this process may be seconds old.

    Raises:
        HuntNotFound: There is no such hunt.
    """
    hunt = await store.hunts.get(hunt_id)
    if hunt is None:
        raise HuntNotFound(f"there is no hunt {hunt_id!r}")
    return hunt


async def _read(store: Store, hunt_id: str, operator: str) -> dict[str, object]:
    """Return a hunt with its secret positions; the audit trail records it first."""
    hunt = await _stored(store, hunt_id)
    await _record_read(store, hunt_id, operator)
    return hunt_details(hunt)


async def _record_read(store: Store, hunt_id: str, operator: str) -> None:
    """Record that an operator reads a definition, which has secret positions."""
    await store.audit.record(Entry(actor=operator, action="read", hunt=hunt_id))


async def _change_state(
    store: Store, hunt_id: str, operator: str, change: Callable[..., Awaitable[bool]]
) -> Response:
    """Open, pause or close a hunt, and return it.

    Args:
        store: Has the hunt.
        hunt_id: Id of the hunt.
        operator: Name of the operator, for the audit trail.
        change: Method of the store; returns whether it has made and recorded a change.
    """
    changed = await change(hunt_id, actor=operator)
    if not changed:
        return json_response(await _read(store, hunt_id, operator))
    return json_response(hunt_details(await _stored(store, hunt_id)))
