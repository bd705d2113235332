"""What can be said of an operation of the wire contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Json = Mapping[str, object]

TEXT: Json = {"type": "string"}


class Query(Struct, frozen=True, kw_only=True):
    """A parameter that may be left out."""

    name: str
    text: str
    schema: Json
    where: Literal["query", "header"] = "query"


class Answer(Struct, frozen=True, kw_only=True):
    """What is said where all went well."""

    status: int = 200
    text: str = "As asked."
    shape: type[Struct] | Json | None = None
    mimetype: str = "application/json"
    headers: tuple[str, ...] = ()


class Operation(Struct, frozen=True, kw_only=True):
    """A method of a path."""

    name: str
    method: str
    path: str
    tag: str
    summary: str
    answers: tuple[Answer, ...]
    problems: tuple[int, ...] = ()
    query: tuple[Query, ...] = ()
    body: type[Struct] | Json | None = None
    security: tuple[str, ...] = ("",)  #: any of them; an empty one is nobody


def whole(name: str, least: int, most: int, text: str) -> Query:
    """Return a whole number in the query."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Query(name=name, text=text, schema=schema)


MOST = 2**62
AFTER = whole("after", 0, MOST, "Only with a greater seq.")
LIMIT = whole("limit", 1, 1000, "At most so many.")
