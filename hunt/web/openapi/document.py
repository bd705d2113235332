"""What `/openapi.json` says: every route, status, header and shape of the wire contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version

import msgspec
from msgspec import Struct

from hunt.errors import Refused, kinds
from hunt.metrics.sampler import Sample
from hunt.web.openapi import admin_shapes, shapes
from hunt.web.openapi.operation import Operation, Query
from hunt.web.openapi.paths import OPERATIONS
from hunt.web.problems import meaning, type_of

_SCHEMA = "#/components/schemas/"
_JSON, _PROBLEM = "application/json", "application/problem+json"

_HEADERS: Mapping[str, dict[str, object]] = {
    "X-Request-Id": {
        "description": "Names the request in the log; the client's own, where it gave one.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds until it is worth trying again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to say who one is.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "Of this answer.", "schema": {"type": "string"}},
    "Location": {"description": "Of what was made.", "schema": {"type": "string"}},
    "Set-Cookie": {"description": "The guest's cookie.", "schema": {"type": "string"}},
    "Allow": {"description": "The methods that there are.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "Not to be kept.", "schema": {"type": "string"}},
}

_PATH = {
    "hunt": ("Id", "The hunt's id."),
    "player": ("Player", "The player's id."),
    "folder": ("File", "The folder's name."),
    "name": ("File", "The file's name."),
}

_DESCRIPTION = (
    "A real-time treasure-hunt server. A click is answered once it is durable, and counts once "
    "however often it is sent: keep its `id` for retries. Every error is an "
    "`application/problem+json`, whose `type` is explained at `/docs/problems`."
)


@cache
def document() -> bytes:
    """Return the document, as JSON."""
    return msgspec.json.encode(_document())


def _document() -> dict[str, object]:
    _, components = msgspec.json.schema_components(
        [*shapes.ALL, *admin_shapes.ALL, Sample], ref_template=_SCHEMA + "{name}"
    )
    paths: dict[str, dict[str, object]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hunt",
            "version": version("hunt-server"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": _HEADERS,
            "securitySchemes": {
                "player": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "hunt_player"},
                "ticket": {"type": "apiKey", "in": "query", "name": "ticket"},
                "operator": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(operation: Operation) -> dict[str, object]:
    described: dict[str, object] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *map(_parameter, operation.query)],
        "responses": _responses(operation),
        "security": [{each: []} if each else {} for each in operation.security],
    }
    if operation.body is not None:
        content = {_JSON: {"schema": _reference(operation.body)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _reference(shape: type[Struct] | Mapping[str, object]) -> Mapping[str, object]:
    if isinstance(shape, Mapping):
        return shape
    return {"$ref": _SCHEMA + shape.__name__}


def _path_parameters(path: str) -> list[dict[str, object]]:
    found = []
    for name, (shape, text) in _PATH.items():
        if f"{{{name}}}" in path:
            schema = msgspec.json.schema(getattr(shapes, shape))
            found.append(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": text,
                    "schema": schema,
                }
            )
    return found


def _parameter(query: Query) -> dict[str, object]:
    return {
        "name": query.name,
        "in": query.where,
        "required": False,
        "description": query.text,
        "schema": query.schema,
    }


def _responses(operation: Operation) -> dict[str, object]:
    responses: dict[str, object] = {}
    for answer in operation.answers:
        described: dict[str, object] = {
            "description": answer.text,
            "headers": _headers("X-Request-Id", *answer.headers),
        }
        if answer.shape is not None:
            described["content"] = {answer.mimetype: {"schema": _reference(answer.shape)}}
        responses[str(answer.status)] = described
    for status in (*operation.problems, 405, 500):
        found = [kind for kind in kinds(Refused) if kind.status == status]
        headers = dict.fromkeys(header for kind in found for header in kind.headers)
        responses[str(status)] = {
            "description": " ".join(f"`{type_of(kind)}`: {meaning(kind)}" for kind in found),
            "headers": _headers("X-Request-Id", *headers),
            "content": {_PROBLEM: {"schema": _reference(shapes.Problem)}},
        }
    return responses


def _headers(*names: str) -> dict[str, object]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def routes() -> Sequence[tuple[str, str]]:
    """Return method and path of every operation, as in the document."""
    return [(each.method, each.path) for each in OPERATIONS]
