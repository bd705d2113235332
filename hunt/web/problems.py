"""Errors as the client sees them: `application/problem+json` (RFC 9457), in one place."""

from __future__ import annotations

import math
from http import HTTPStatus

from msgspec import Struct
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
    StoreError,
    StoreLost,
    StoreTimeout,
    TooFast,
    UnsupportedType,
    WrongState,
)

MIMETYPE = "application/problem+json"

#: The first that fits counts; what is not here is a bug.
STATUS: tuple[tuple[type[Refused], int], ...] = (
    (UnsupportedType, 415),
    (InvalidRequest, 400),
    (NotAuthenticated, 401),
    (NotAllowed, 403),
    (HuntNotFound, 404),
    (HuntNotOpen, 409),
    (WrongState, 409),
    (ClickConflict, 422),
    (ClickRejected, 422),
    (TooFast, 429),
    (Overloaded, 503),
    (OutcomeUnknown, 504),
)


class Problem(Struct, frozen=True):
    """An error, before it becomes a response of one kind or the other."""

    status: int
    headers: dict[str, str]
    body: bytes

    def response(self) -> Response:
        """Return it as Quart's."""
        return Response(self.body, status=self.status, mimetype=MIMETYPE, headers=self.headers)


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, **members: object
) -> Problem:
    """Return a problem; members that are None or empty are left out."""
    kept = {name: value for name, value in members.items() if value}
    body = wire.problem(status, HTTPStatus(status).phrase, detail, **kept)
    return Problem(status, headers or {}, body)


def status_of(error: Refused) -> int:
    """Return the status of an answer to a request that is refused."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def refused(error: Refused) -> Problem:
    """Return the answer to a request that is refused."""
    headers = {}
    if isinstance(error, Overloaded | TooFast):
        headers["Retry-After"] = str(max(math.ceil(error.retry_after), 1))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="hunt"'
    return problem(
        status_of(error),
        str(error),
        headers=headers,
        errors=getattr(error, "errors", None),
        opens_at=getattr(error, "opens_at", None),
        closes_at=getattr(error, "closes_at", None),
    )


def of_store(error: StoreError) -> Refused:
    """Return what a client is told of the store's trouble."""
    if isinstance(error, StoreTimeout | StoreLost):
        return OutcomeUnknown("the database did not answer: whether it was done is unknown")
    return Overloaded("the database did not do it", retry_after=1.0)


def http_error(error: HTTPException) -> Problem:
    """Return the answer to what the framework refused: no route, no such method, too large."""
    status = error.code or 500
    kept = {"Allow": error.get_response().headers.get("Allow", "")} if status == 405 else {}
    return problem(status, error.description or HTTPStatus(status).phrase, headers=kept)


def unexpected() -> Problem:
    """Return the answer to a bug: that it is one, and nothing of it."""
    return problem(500, "something went wrong here; it has been logged")
