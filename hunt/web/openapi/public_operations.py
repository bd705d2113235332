"""Every operation of the HTTP API; those for operators come from `admin_operations`."""

from __future__ import annotations

from typing import Literal

from hunt.metrics.sample_buffer import KEPT
from hunt.metrics.sampler import Sample
from hunt.web.openapi import (
    admin_operations,
    campaign_operations,
    proof_operations,
    schemas,
    session_schemas,
    webhook_operations,
)
from hunt.web.openapi.operation import (
    AFTER,
    LIMIT,
    STRING,
    Operation,
    Parameter,
    Response,
    integer,
)
from hunt.web.openapi.operation import IF_NONE_MATCH as _IF_NONE_MATCH
from hunt.web.openapi.operation import NOT_MODIFIED as _NOT_MODIFIED
from hunt.web.openapi.operation import PLAYER as _PLAYER
from hunt.web.openapi.operation import cacheable as _cacheable

_EVENT_STREAM = Response(
    description="Server-sent events.", body=STRING, mimetype="text/event-stream"
)
_HUNT_IS_OVER = Response(status=204, description="The hunt is over; do not reconnect.")
_RESUME_NAMES: tuple[tuple[str, Literal["query", "header"]], ...] = (
    ("last_event_id", "query"),
    ("lastEventId", "query"),
    ("Last-Event-ID", "header"),
)
_RESUME = tuple(
    Parameter(
        name=name,
        location=location,
        description="Id of the last event received; the stream resumes after it.",
        schema=STRING,
    )
    for name, location in _RESUME_NAMES
)
_TICKET = Parameter(name="ticket", description="A ticket from `POST /v1/tickets`.", schema=STRING)

_PLAYING = (
    Operation(
        name="click", method="POST", path="/v1/hunts/{hunt}/clicks", tag="playing",
        summary="Click at a position. The response is sent once the outcome is durable.",
        responses=(Response(body=schemas.ClickResult),),
        errors=(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 504),
        body=schemas.Click, security=_PLAYER,
    ),
    Operation(
        name="claim", method="POST", path="/v1/hunts/{hunt}/rewards/{seq}/claim", tag="playing",
        summary="Claim a reward, or replace the fields of its claim until it is sent.",
        responses=(Response(body=schemas.Reward),),
        errors=(400, 401, 403, 404, 409, 413, 415, 429, 503, 504),
        body=schemas.ClaimBody, security=_PLAYER,
    ),
    Operation(
        name="choose_name", method="PUT", path="/v1/name", tag="playing",
        summary="Choose the player's name on leaderboards, or remove it.",
        responses=(Response(body=schemas.OwnName),),
        errors=(400, 401, 403, 413, 415, 429, 503, 504),
        body=schemas.NameChoice, security=_PLAYER,
    ),
    Operation(
        name="events", method="GET", path="/v1/hunts/{hunt}/events", tag="playing",
        summary="Stream the player's rewards as they happen; resumable.",
        responses=(_EVENT_STREAM, _HUNT_IS_OVER), errors=(400, 401, 403, 404),
        parameters=(
            Parameter(
                name="scope",
                description="`own` (default): the player's rewards. `all`: the wins of all "
                "players, with masked names and without replay.",
                schema={"type": "string", "enum": ["own", "all"]},
            ),
            *_RESUME, _TICKET,
        ),
        security=(*_PLAYER, "ticket"),
    ),
    Operation(
        name="socket", method="GET", path="/v1/hunts/{hunt}/socket", tag="playing",
        summary="Open a WebSocket for clicks and rewards; 426 without a handshake.",
        responses=(Response(status=101, description="The connection is now a WebSocket."),),
        errors=(400, 403, 404, 426), parameters=(*_RESUME, _TICKET),
        security=("", *_PLAYER, "ticket"),
    ),
    Operation(
        name="session", method="POST", path="/v1/session", tag="playing",
        summary="Create a guest session and set its cookie, or return the current player.",
        responses=(
            Response(body=session_schemas.Session, description="The cookie of a player was valid."),
            Response(
                status=201, body=session_schemas.Session, headers=("Set-Cookie",),
                description="A guest was created.",
            ),
        ),
        errors=(403, 429, 503), security=("", "cookie"),
        parameters=(
            Parameter(
                name="Hunt-Challenge", description="The answer to the challenge of the server.",
                schema=STRING, location="header",
            ),
        ),
    ),
    Operation(
        name="challenge", method="GET", path="/v1/challenge", tag="playing",
        summary="Get the challenge that a visitor must pass to become a guest.",
        responses=(Response(body=session_schemas.Challenge),), security=(),
    ),
    Operation(
        name="ticket", method="POST", path="/v1/tickets", tag="playing",
        summary="Create a short-lived `?ticket=` for clients that cannot send headers or cookies.",
        responses=(Response(body=session_schemas.Ticket),), errors=(401, 403, 429, 503),
        security=_PLAYER,
    ),
)  # fmt: skip

_READING = (
    Operation(
        name="hunts", method="GET", path="/v1/hunts", tag="reading",
        summary="List all hunts except drafts.",
        responses=_cacheable(schemas.HuntList), parameters=(_IF_NONE_MATCH,),
    ),
    Operation(
        name="hunt", method="GET", path="/v1/hunts/{hunt}", tag="reading",
        summary="Get a hunt: map, prizes, times and seed commitment; after its end also the seed.",
        responses=_cacheable(schemas.Hunt), errors=(404,), parameters=(_IF_NONE_MATCH,),
    ),
    Operation(
        name="rewards", method="GET", path="/v1/hunts/{hunt}/rewards", tag="reading",
        summary="List the player's own rewards, oldest first, in pages.",
        responses=(Response(body=schemas.RewardPage),), errors=(400, 401, 403, 404, 503),
        parameters=(AFTER, LIMIT), security=_PLAYER,
    ),
    Operation(
        name="leaderboard", method="GET", path="/v1/hunts/{hunt}/leaderboard", tag="reading",
        summary="List the players with the most points; up to a few seconds old.",
        responses=_cacheable(schemas.Leaderboard), errors=(400, 404, 503),
        parameters=(
            integer("limit", 1, 100, "Maximum number of players in the response."),
            _IF_NONE_MATCH,
        ),
        security=("", *_PLAYER),
    ),
    Operation(
        name="standing", method="GET", path="/v1/hunts/{hunt}/standing", tag="reading",
        summary="Get the player's own rank, points and wins.",
        responses=(Response(body=schemas.OwnStanding),), errors=(401, 403, 404, 503),
        security=_PLAYER,
    ),
    Operation(
        name="name", method="GET", path="/v1/name", tag="reading",
        summary="Get the player's name on leaderboards.",
        responses=(Response(body=schemas.OwnName),), errors=(401, 403, 503), security=_PLAYER,
    ),
)  # fmt: skip

_OPERATIONS = (
    Operation(
        name="livez", method="GET", path="/livez", tag="operations",
        summary="Liveness: the event loop responds.",
        responses=(Response(body=schemas.Liveness),),
    ),
    Operation(
        name="readyz", method="GET", path="/readyz", tag="operations",
        summary="Readiness: enough workers of this node can take clicks.",
        responses=(Response(body=schemas.Readiness),), errors=(503,),
    ),
    Operation(
        name="metrics", method="GET", path="/metrics", tag="operations",
        summary="Metrics for Prometheus, summed over all worker processes.",
        responses=(Response(body=STRING, mimetype="text/plain"),), errors=(404, 503),
        parameters=(
            Parameter(
                name="process", schema=STRING,
                description="`own`: metrics of the responding process only.",
            ),
        ),
    ),
    Operation(
        name="ops_samples", method="GET", path="/ops/samples", tag="operations",
        summary="Stream the stored samples of this server, then new ones each second.",
        responses=(_EVENT_STREAM,), errors=(401, 404, 503), security=("operator",),
        parameters=(_RESUME[-1],),
    ),
    Operation(
        name="ops_sample", method="GET", path="/ops/sample", tag="operations",
        summary="Get the newest sample of this process.",
        responses=(Response(body=Sample),), errors=(401, 404, 503), security=("operator",),
    ),
    Operation(
        name="ops_kept", method="GET", path="/ops/kept", tag="operations",
        summary="Get the newest samples of this process, oldest first.",
        responses=(Response(body={"type": "array", "items": {"type": "object"}}),),
        errors=(400, 401, 404), security=("operator",),
        parameters=(integer("count", 1, KEPT, "Maximum number of samples in the response."),),
    ),
    Operation(
        name="ops_addresses", method="GET", path="/ops/addresses/{hunt}", tag="operations",
        summary="Get the counters of the players of each address of this process, in hex.",
        responses=(Response(body={
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]{256}$"},
        }),),
        errors=(401, 403, 404), security=("operator",),
    ),
)  # fmt: skip

_PAGES = (
    Operation(
        name="openapi", method="GET", path="/openapi.json", tag="pages",
        summary="This document.", parameters=(_IF_NONE_MATCH,),
        responses=(Response(body={"type": "object"}, headers=("ETag",)), _NOT_MODIFIED),
    ),
    *(
        Operation(
            name=name, method="GET", path=path, tag="pages", summary=summary,
            responses=(
                Response(body=STRING, mimetype="text/html", headers=("ETag",)), _NOT_MODIFIED,
            ),
            parameters=(_IF_NONE_MATCH,),
        )
        for name, path, summary in (
            ("game", "/", "The game page."),
            ("docs", "/docs", "This document as a page."),
            ("problems", "/docs/problems", "A page that explains every problem type."),
            ("proof_page", "/proof", "A page that verifies the bundle of a hunt."),
            ("ops", "/ops", "The operations page; only at the operations address, if one is set."),
        )
    ),
    Operation(
        name="proof_page_of_hunt", method="GET", path="/proof/{hunt}", tag="pages",
        summary="The same page, which loads the bundle of this hunt once it has ended.",
        responses=(Response(body=STRING, mimetype="text/html", headers=("ETag",)), _NOT_MODIFIED),
        parameters=(_IF_NONE_MATCH,), errors=(404,),
    ),
    *(
        Operation(
            name=name, method="GET", path=path, tag="pages", summary="A file of the pages.",
            responses=(
                Response(body=STRING, mimetype="*/*", headers=("ETag",)), _NOT_MODIFIED,
            ),
            parameters=(_IF_NONE_MATCH,), errors=(404,),
        )
        for name, path in (
            ("static", "/static/{name}"), ("static_in_folder", "/static/{folder}/{name}"),
        )
    ),
)  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    *_PLAYING,
    *_READING,
    *_OPERATIONS,
    *_PAGES,
    *proof_operations.PUBLIC,
    *campaign_operations.PUBLIC,
    *admin_operations.OPERATIONS,
    *campaign_operations.ADMIN,
    *webhook_operations.OPERATIONS,
)
