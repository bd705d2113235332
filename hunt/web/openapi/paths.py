"""Every operation of the wire contract, as data for `hunt.web.openapi.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from hunt.metrics.sampler import Sample
from hunt.web.openapi import administration, shapes
from hunt.web.openapi.operation import AFTER, LIMIT, TEXT, Answer, Operation, Query, whole


def _same(shape: type[Struct]) -> tuple[Answer, ...]:
    """Return the answers of what can be asked for again by its tag."""
    return (Answer(shape=shape, headers=("ETag",)), _UNCHANGED)


_UNCHANGED = Answer(status=304, text="As the client has it already.", headers=("ETag",))
_PLAYER = ("player", "cookie")
_STREAM = Answer(text="An event stream.", shape=TEXT, mimetype="text/event-stream")
_NO_CONTENT = Answer(status=204, text="The hunt is over: do not come back.")
_RESUMES: tuple[tuple[str, Literal["query", "header"]], ...] = (
    ("last_event_id", "query"),
    ("lastEventId", "query"),
    ("Last-Event-ID", "header"),
)
_RESUME = tuple(
    Query(name=name, where=where, text="The last event that is known.", schema=TEXT)
    for name, where in _RESUMES
)
_TICKET = Query(name="ticket", text="Of `POST /v1/tickets`.", schema=TEXT)
_TAG = Query(name="If-None-Match", where="header", text="Tags that are known.", schema=TEXT)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="click", method="POST", path="/v1/hunts/{hunt}/clicks", tag="playing",
        summary="Clicks; the answer comes once it is durable.",
        answers=(Answer(shape=shapes.Settlement),),
        problems=(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 504),
        body=shapes.Click, security=_PLAYER,
    ),
    Operation(
        name="events", method="GET", path="/v1/hunts/{hunt}/events", tag="playing",
        summary="The player's rewards as they happen, from the last one that is known.",
        answers=(_STREAM, _NO_CONTENT), problems=(400, 401, 403, 404),
        query=(
            Query(
                name="scope", text="`all`: everybody's wins, without replay.",
                schema={"type": "string", "enum": ["own", "all"]},
            ),
            *_RESUME, _TICKET,
        ),
        security=(*_PLAYER, "ticket"),
    ),
    Operation(
        name="socket", method="GET", path="/v1/hunts/{hunt}/socket", tag="playing",
        summary="Clicks and rewards over one WebSocket; a request that is no handshake gets 426.",
        answers=(Answer(status=101, text="A WebSocket from here on."),),
        problems=(400, 403, 404, 426), query=(*_RESUME, _TICKET),
        security=("", *_PLAYER, "ticket"),
    ),
    Operation(
        name="session", method="POST", path="/v1/session", tag="playing",
        summary="Makes a guest, and sets the cookie; where there is one already, says who it is.",
        answers=(
            Answer(shape=shapes.Session),
            Answer(status=201, shape=shapes.Session, headers=("Set-Cookie",)),
        ),
        problems=(403, 429, 503), security=("", "cookie"),
    ),
    Operation(
        name="ticket", method="POST", path="/v1/tickets", tag="playing",
        summary="A word for `?ticket=`, for clients that can set neither header nor cookie.",
        answers=(Answer(shape=shapes.Ticket),), problems=(401, 403, 429, 503), security=_PLAYER,
    ),
    Operation(
        name="hunts", method="GET", path="/v1/hunts", tag="reading", summary="All hunts.",
        answers=_same(shapes.Hunts), query=(_TAG,),
    ),
    Operation(
        name="hunt", method="GET", path="/v1/hunts/{hunt}", tag="reading",
        summary="One hunt: map, prizes with odds and stock, times, commitment; the seed at last.",
        answers=_same(shapes.Hunt), problems=(404,), query=(_TAG,),
    ),
    Operation(
        name="rewards", method="GET", path="/v1/hunts/{hunt}/rewards", tag="reading",
        summary="The player's own rewards, a page at a time.",
        answers=(Answer(shape=shapes.Rewards),), problems=(400, 401, 403, 404, 503),
        query=(AFTER, LIMIT), security=_PLAYER,
    ),
    Operation(
        name="leaderboard", method="GET", path="/v1/hunts/{hunt}/leaderboard", tag="reading",
        summary="Who has the most points; some seconds old.",
        answers=_same(shapes.Leaderboard), problems=(400, 404, 503),
        query=(whole("limit", 1, 100, "At most so many."), _TAG), security=("", *_PLAYER),
    ),
    Operation(
        name="livez", method="GET", path="/livez", tag="operations", summary="The loop turns.",
        answers=(Answer(shape=shapes.Alive),),
    ),
    Operation(
        name="readyz", method="GET", path="/readyz", tag="operations",
        summary="This node can take clicks: enough of its workers can.",
        answers=(Answer(shape=shapes.Ready),), problems=(503,),
    ),
    Operation(
        name="metrics", method="GET", path="/metrics", tag="operations",
        summary="For Prometheus, summed over the processes of the server.",
        answers=(Answer(shape=TEXT, mimetype="text/plain"),), problems=(404, 503),
        query=(
            Query(name="process", text="`own`: not summed.", schema={"type": "string"}),
        ),
    ),
    Operation(
        name="ops_samples", method="GET", path="/ops/samples", tag="operations",
        summary="How this process is doing: a sample a second, and those that are kept.",
        answers=(_STREAM,), problems=(401, 404, 503), security=("operator",),
        query=(_RESUME[-1],),
    ),
    Operation(
        name="ops_sample", method="GET", path="/ops/sample", tag="operations",
        summary="The newest of these samples.",
        answers=(Answer(shape=Sample),), problems=(401, 404, 503), security=("operator",),
    ),
    Operation(
        name="openapi", method="GET", path="/openapi.json", tag="pages",
        summary="This document.", query=(_TAG,),
        answers=(Answer(shape={"type": "object"}, headers=("ETag",)), _UNCHANGED),
    ),
    *(
        Operation(
            name=name, method="GET", path=path, tag="pages", summary=summary, query=(_TAG,),
            answers=(Answer(shape=TEXT, mimetype="text/html", headers=("ETag",)), _UNCHANGED),
        )
        for name, path, summary in (
            ("game", "/", "The game."), ("docs", "/docs", "This document, for people."),
            ("problems", "/docs/problems", "Every type of problem, for people."),
            ("ops", "/ops", "Live operations, for people with a token; it may be elsewhere."),
        )
    ),
    *(
        Operation(
            name=name, method="GET", path=path, tag="pages", summary="A file of a page.",
            answers=(Answer(shape=TEXT, mimetype="*/*", headers=("ETag",)), _UNCHANGED),
            query=(_TAG,), problems=(404,),
        )
        for name, path in (
            ("static", "/static/{name}"), ("static_in_folder", "/static/{folder}/{name}"),
        )
    ),
    *administration.OPERATIONS,
)  # fmt: skip
