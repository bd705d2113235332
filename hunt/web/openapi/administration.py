"""The operations of administration, as data for `hunt.web.openapi.document`."""

from __future__ import annotations

from msgspec import Struct

from hunt.web.openapi import admin_shapes, shapes
from hunt.web.openapi.operation import AFTER, LIMIT, MOST, Answer, Json, Operation, Query, whole


def _admin(
    name: str,
    method: str,
    path: str,
    summary: str,
    shape: type[Struct],
    *problems: int,
    body: type[Struct] | Json | None = None,
    status: int = 200,
    query: tuple[Query, ...] = (),
    headers: tuple[str, ...] = (),
) -> Operation:
    carried = (400, 413, 415) if body is not None else ()
    changes = set() if method == "GET" else {504}  # what changes nothing cannot be unknown
    return Operation(
        name=name,
        method=method,
        path=f"/v1/admin{path}",
        tag="administration",
        summary=summary,
        answers=(Answer(status=status, shape=shape, headers=headers),),
        problems=tuple(sorted({401, 403, 404, 503, *carried, *problems} | changes)),
        query=query,
        body=body,
        security=("operator",),
    )


_ONE = "/hunts/{hunt}"
_STOCK: Json = {
    "type": "object",
    "additionalProperties": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**31 - 1},
    "examples": [{"gold-coin": 500}],
}

OPERATIONS: tuple[Operation, ...] = (
    _admin("admin_hunts", "GET", "/hunts", "All hunts, drafts too.", admin_shapes.AllHunts),
    _admin(
        "admin_create", "POST", "/hunts", "Makes a hunt, as a draft.", admin_shapes.Managed, 409,
        body=shapes.Definition, status=201, headers=("Location",),
    ),
    _admin("admin_hunt", "GET", _ONE, "One hunt, places and all.", admin_shapes.Managed),
    _admin(
        "admin_change", "PUT", _ONE, "Changes it: a new version.", admin_shapes.Managed, 409,
        body=shapes.Definition,
    ),
    _admin(
        "admin_delete", "DELETE", _ONE, "Deletes a hunt without clicks.", admin_shapes.Deleted, 409
    ),
    _admin("admin_open", "POST", f"{_ONE}/open", "Opens it.", admin_shapes.Managed, 409),
    _admin("admin_pause", "POST", f"{_ONE}/pause", "No clicks for now.", admin_shapes.Managed, 409),
    _admin("admin_close", "POST", f"{_ONE}/close", "Ends it for good.", admin_shapes.Managed, 409),
    _admin("admin_versions", "GET", f"{_ONE}/versions", "All versions.", admin_shapes.Versions),
    _admin("admin_stock", "GET", f"{_ONE}/stock", "What is left.", admin_shapes.Stocks),
    _admin(
        "admin_restock", "PATCH", f"{_ONE}/stock",
        "Sets how many there are in all, by prize; null is without end.", admin_shapes.Stocks, 409,
        body=_STOCK,
    ),
    _admin(
        "admin_rewards", "GET", f"{_ONE}/players/{{player}}/rewards", "A player's rewards.",
        shapes.Rewards, 400, query=(AFTER, LIMIT),
    ),
    _admin(
        "admin_export", "GET", "/players/{player}",
        "All that is known of a player; recorded.", admin_shapes.Export, 400,
        query=(
            Query(
                name="after", text="What `next` said.",
                schema={"type": "string", "pattern": "^[a-z0-9-]{1,64}:[0-9]{1,18}$"},
            ),
            LIMIT,
        ),
    ),
    _admin(
        "admin_erase", "DELETE", "/players/{player}",
        "Makes what a player did nobody's.", admin_shapes.Erased, 400,
    ),
    _admin(
        "admin_audit", "GET", "/audit", "Who did what, the newest first.", admin_shapes.Audit, 400,
        query=(
            Query(name="hunt", text="Only of this one.", schema={
                "type": "string", "pattern": "^[a-z0-9-]{1,64}$"}),
            whole("before", 1, MOST, "Only with a smaller id."), LIMIT,
        ),
    ),
    _admin(
        "admin_drain", "POST", "/drain",
        "Lets this process, or another of this server, finish what it has, and end.",
        admin_shapes.Draining, 400, status=202,
        query=(whole("process", 1, 2**31 - 1, "Its id, where it is not the one that answers."),),
    ),
    _admin(
        "admin_breaker", "POST", "/breaker",
        "Holds the breaker of all processes of this server, or lets go of it.", admin_shapes.Forced,
        body=admin_shapes.Force,
    ),
)  # fmt: skip
