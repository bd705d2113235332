"""Errors as the client sees them: `application/problem+json` (RFC 9457), in one place."""

from __future__ import annotations

import math
from http import HTTPStatus

from quart import Response
from werkzeug.exceptions import HTTPException

from hunt.core import wire
from hunt.errors import (
    ClickConflict,
    ClickRejected,
    HuntNotFound,
    HuntNotOpen,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    OutcomeUnknown,
    Overloaded,
    Refused,
    TooFast,
)

#: The first that fits counts; what is not here is a bug.
STATUS: tuple[tuple[type[Refused], int], ...] = (
    (InvalidRequest, 400),
    (NotAuthenticated, 401),
    (NotAllowed, 403),
    (HuntNotFound, 404),
    (HuntNotOpen, 409),
    (ClickConflict, 422),
    (ClickRejected, 422),
    (TooFast, 429),
    (Overloaded, 503),
    (OutcomeUnknown, 504),
)


def response(
    status: int, detail: str, *, headers: dict[str, str] | None = None, **members: object
) -> Response:
    """Return a problem; members that are None or empty are left out."""
    kept = {name: value for name, value in members.items() if value}
    return Response(
        wire.problem(status, HTTPStatus(status).phrase, detail, **kept),
        status=status,
        mimetype="application/problem+json",
        headers=headers,
    )


def refused(error: Refused) -> Response:
    """Return the answer to a request that is refused."""
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    headers = {}
    if isinstance(error, Overloaded | TooFast):
        headers["Retry-After"] = str(max(math.ceil(error.retry_after), 1))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="hunt"'
    return response(
        status,
        str(error),
        headers=headers,
        errors=getattr(error, "errors", None),
        opens_at=getattr(error, "opens_at", None),
        closes_at=getattr(error, "closes_at", None),
    )


def http_error(error: HTTPException) -> Response:
    """Return the answer to what the framework refused: no route, no such method, too large."""
    status = error.code or 500
    kept = {"Allow": error.get_response().headers.get("Allow", "")} if status == 405 else {}
    return response(status, error.description or HTTPStatus(status).phrase, headers=kept)


def unexpected() -> Response:
    """Return the answer to a bug: that it is one, and nothing of it."""
    return response(500, "something went wrong here; it has been logged")
