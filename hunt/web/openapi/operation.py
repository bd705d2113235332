"""Types that describe one operation (method and path) of the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from hunt.values import MOST_SEQ

#: A JSON Schema.
Schema = Mapping[str, object]

STRING: Schema = {"type": "string"}


class Parameter(Struct, frozen=True, kw_only=True):
    """An optional parameter in the query or in a header."""

    name: str
    description: str
    schema: Schema
    location: Literal["query", "header"] = "query"


class Response(Struct, frozen=True, kw_only=True):
    """A response that is not an error."""

    status: int = 200
    description: str = "Success."
    body: type[Struct] | Schema | None = None
    mimetype: str = "application/json"
    also: tuple[str, ...] = ()  #: further media types, each of which is text
    headers: tuple[str, ...] = ()


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path."""

    name: str
    method: str
    path: str
    tag: str
    summary: str
    responses: tuple[Response, ...]
    errors: tuple[int, ...] = ()  #: statuses, beside 405 and 500, which every operation has
    parameters: tuple[Parameter, ...] = ()
    body: type[Struct] | Schema | None = None
    security: tuple[str, ...] = ("",)  #: accepted schemes, any of them; empty: anonymous


def integer(name: str, minimum: int, maximum: int, description: str) -> Parameter:
    """Return an integer parameter in the query."""
    schema = {"type": "integer", "minimum": minimum, "maximum": maximum}
    return Parameter(name=name, description=description, schema=schema)


AFTER = integer("after", 0, MOST_SEQ, "Return only rewards with a greater `seq`.")
LIMIT = integer("limit", 1, 1000, "Maximum number of entries in the response.")


def for_operators(
    name: str,
    method: str,
    path: str,
    summary: str,
    returns: type[Struct] | Schema,
    *errors: int,
    body: type[Struct] | Schema | None = None,
    status: int = 200,
    parameters: tuple[Parameter, ...] = (),
    headers: tuple[str, ...] = (),
    mimetype: str = "application/json",
    also: tuple[str, ...] = (),
) -> Operation:
    """Return an operation for operators, with the error statuses that they all share."""
    body_errors = (400, 413, 415) if body is not None else ()
    # 504 means that the outcome of a change is unknown; a read has no such outcome.
    change_errors = () if method == "GET" else (504,)
    return Operation(
        name=name,
        method=method,
        path=f"/v1/admin{path}",
        tag="administration",
        summary=summary,
        responses=(
            Response(status=status, body=returns, mimetype=mimetype, headers=headers, also=also),
        ),
        errors=tuple(sorted({401, 403, 404, 503, *body_errors, *change_errors, *errors})),
        parameters=parameters,
        body=body,
        security=("operator",),
    )


#: Schemes of players.
PLAYER = ("player", "cookie")
NOT_MODIFIED = Response(
    status=304, description="Not modified: the client's copy is current.", headers=("ETag",)
)
IF_NONE_MATCH = Parameter(
    name="If-None-Match",
    location="header",
    description="ETag of the client's copy; 304 if it is current.",
    schema=STRING,
)


def cacheable(body: type[Struct]) -> tuple[Response, ...]:
    """Return the responses of an operation that supports ``If-None-Match``."""
    return (Response(body=body, headers=("ETag",)), NOT_MODIFIED)
