"""Refusals as problem documents: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import math
from http import HTTPStatus

from msgspec import Struct

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
from hunt.play.refusals import BY_STATUS

MIMETYPE = "application/problem+json"

#: The page that explains each type of problem, at an anchor of its own.
PAGE = "/docs/problems"


class Problem(Struct, frozen=True):
    """A problem document, before a transport encodes it."""

    status: int
    headers: dict[str, str]
    body: bytes


def type_of(kind: type[Refused]) -> str:
    """Return the URI of a problem type, relative to the server."""
    return f"{PAGE}#{kind.slug}"


def meaning(kind: type[Refused]) -> str:
    """Return the meaning of a problem type, as one sentence."""
    return (kind.__doc__ or "").partition("\n")[0]


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, **members: object
) -> Problem:
    """Return the problem of an HTTP status.

    Args:
        status: HTTP status of an error.
        detail: The error in this case, as one sentence.
        headers: Headers of the answer.
        members: Further members of the document; empty ones are left out.
    """
    kind = BY_STATUS.get(status)
    if kind is None:
        body = wire.problem("about:blank", HTTPStatus(status).phrase, status, detail, **members)
        return Problem(status, headers or {}, body)
    return _problem(kind, detail, headers or {}, **members)


def _problem(
    kind: type[Refused], detail: str, headers: dict[str, str], **members: object
) -> Problem:
    """Return the problem of a refusal's class; members that are None or empty are left out."""
    kept = {name: value for name, value in members.items() if value}
    body = wire.problem(type_of(kind), kind.title, kind.status, detail, **kept)
    return Problem(kind.status, headers, body)


def refused(error: Refused) -> Problem:
    """Return the problem of a refusal."""
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
        state=getattr(error, "state", None),
    )


def of_store(error: StoreError, *, reads: bool) -> Refused:
    """Return the refusal of a request whose call to the store failed.

    Args:
        error: Raised by the store.
        reads: The request changes nothing, so its outcome cannot be unknown.
    """
    if isinstance(error, StoreTimeout | StoreLost) and not reads:
        return OutcomeUnknown("the database did not answer: the change may or may not be made")
    return Overloaded("the database failed, and nothing was changed", retry_after=1.0)


def unexpected() -> Problem:
    """Return the problem of an unexpected error; it does not reveal the cause."""
    return problem(500, "the server has a defect, which it has logged")
