"""Errors as the client sees them: `application/problem+json` (RFC 9457), in one place."""

from __future__ import annotations

import math
from http import HTTPStatus

from msgspec import Struct
from quart import Response
from werkzeug.exceptions import HTTPException

from hunt.core import wire
from hunt.errors import (
    NotAuthenticated,
    OutcomeUnknown,
    Overloaded,
    Refused,
    StoreError,
    StoreLost,
    StoreTimeout,
)
from hunt.web.refusals import BY_STATUS

MIMETYPE = "application/problem+json"

#: The page that explains each type of problem, at an anchor of its own.
PAGE = "/docs/problems"


class Problem(Struct, frozen=True):
    """An error, before it becomes a response of one kind or the other."""

    status: int
    headers: dict[str, str]
    body: bytes

    def response(self) -> Response:
        """Return it as Quart's."""
        return Response(self.body, status=self.status, mimetype=MIMETYPE, headers=self.headers)


def type_of(kind: type[Refused]) -> str:
    """Return the URI of a type of problem, relative to the server."""
    return f"{PAGE}#{kind.slug}"


def meaning(kind: type[Refused]) -> str:
    """Return what a type of problem means, in a sentence."""
    return (kind.__doc__ or "").partition("\n")[0]


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, **members: object
) -> Problem:
    """Return a problem of which no more is known than the status; see `refused` for `members`."""
    kind = BY_STATUS.get(status)
    if kind is None:
        body = wire.problem("about:blank", HTTPStatus(status).phrase, status, detail, **members)
        return Problem(status, headers or {}, body)
    return _problem(kind, detail, headers or {}, **members)


def _problem(
    kind: type[Refused], detail: str, headers: dict[str, str], **members: object
) -> Problem:
    """Return a problem; members that are None or empty are left out."""
    kept = {name: value for name, value in members.items() if value}
    body = wire.problem(type_of(kind), kind.title, kind.status, detail, **kept)
    return Problem(kind.status, headers, body)


def refused(error: Refused) -> Problem:
    """Return the answer to a request that is refused."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(math.ceil(error.retry_after), 1))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="hunt"'
    return _problem(
        type(error),
        str(error),
        headers,
        errors=getattr(error, "errors", None),
        opens_at=getattr(error, "opens_at", None),
        closes_at=getattr(error, "closes_at", None),
        workers=getattr(error, "workers", None),
    )


def of_store(error: StoreError, *, reads: bool) -> Refused:
    """Return what a client is told of the store's trouble.

    Args:
        error: Of the store.
        reads: The request changes nothing, so there is nothing to be unknown.
    """
    if isinstance(error, StoreTimeout | StoreLost) and not reads:
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
