"""Build ``/openapi.json`` from the operations and the schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from types import ModuleType
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hunt.error_kinds import kinds
from hunt.errors import Refused
from hunt.metrics.sampler import Sample
from hunt.play.problems import meaning, type_of
from hunt.web.openapi import (
    admin_schemas,
    anomaly_schemas,
    ban_schemas,
    campaign_schemas,
    definition_schemas,
    field_types,
    live_schemas,
    proof_schemas,
    reward_schemas,
    schedule_schemas,
    schemas,
    session_schemas,
    webhook_schemas,
)
from hunt.web.openapi.operation import STRING, Operation, Parameter, Response, Schema
from hunt.web.openapi.public_operations import OPERATIONS

#: The modules whose types are the schemas, in the order of the document.
_SCHEMAS = (
    schemas, session_schemas, definition_schemas, admin_schemas, reward_schemas, anomaly_schemas,
    ban_schemas, live_schemas, schedule_schemas, campaign_schemas, proof_schemas, webhook_schemas,
)  # fmt: skip

_SCHEMA_REF = "#/components/schemas/"
_JSON, _PROBLEM = "application/json", "application/problem+json"

#: Response headers: their descriptions; all are strings except ``Retry-After``.
_HEADERS: Mapping[str, str] = {
    "X-Request-Id": "Identifies the request in the log; taken from the request if it has one.",
    "Retry-After": "Seconds to wait before retrying.",
    "WWW-Authenticate": "The accepted authentication scheme.",
    "ETag": "Identifies this version of the response; send it as `If-None-Match`.",
    "Location": "Address of the created resource.",
    "Set-Cookie": "The guest's session cookie.",
    "Allow": "Methods that this path supports.",
}

#: Parameters in paths: JSON Schema and description.
_PATH_PARAMETERS: Mapping[str, tuple[Schema, str]] = {
    name: (msgspec.json.schema(kind), description)
    for name, kind, description in (
        ("hunt", field_types.Id, "Id of the hunt."),
        ("campaign", field_types.Id, "Id of the campaign."),
        ("player", field_types.Player, "Id of the player."),
        ("webhook", Annotated[int, Meta(ge=1, le=2**62)], "Id of the webhook."),
        ("prize", field_types.Id, "Id of the prize."),
        ("seq", field_types.Seq, "Seq of the reward."),
        ("ban", field_types.BanId, "Id of the ban."),
        ("entry", field_types.EntryId, "Id of the entry of the schedule."),
        ("folder", field_types.File, "Name of the folder."),
        ("name", field_types.File, "Name of the file."),
    )
}

_BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_SECURITY_SCHEMES: Mapping[str, Mapping[str, str]] = {
    "player": _BEARER | {"description": "A token whose `aud` is `hunt`."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "hunt_player",
        "description": "The session cookie of a guest.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "A ticket from `POST /v1/tickets`.",
    },
    "operator": _BEARER | {"description": "A token whose `aud` is `hunt-admin`."},
}

_DESCRIPTION = (
    "A real-time treasure-hunt server. The response to a click is sent once its outcome is "
    "durable. Clicks are idempotent: repeat the same `id` when you retry. Every error is "
    "`application/problem+json` (RFC 9457); `/docs/problems` explains each `type`. Every response "
    "has an `X-Request-Id`, which is also in the log."
)


@cache
def document() -> bytes:
    """Return the document as JSON."""
    return msgspec.json.encode(_document())


def structs(module: ModuleType) -> list[type[Struct]]:
    """Return the public types of JSON bodies that a module defines, in its order."""
    return [
        each
        for name, each in vars(module).items()
        if not name.startswith("_")
        and isinstance(each, type)
        and issubclass(each, Struct)
        and each.__module__ == module.__name__
    ]


def _document() -> dict[str, object]:
    _, components = msgspec.json.schema_components(
        [*(each for module in _SCHEMAS for each in structs(module)), Sample],
        ref_template=_SCHEMA_REF + "{name}",
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
            "headers": {name: _header(name, text) for name, text in _HEADERS.items()},
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _header(name: str, description: str) -> dict[str, object]:
    seconds = {"type": "integer", "minimum": 1}
    schema = seconds if name == "Retry-After" else {"type": "string"}
    return {"description": description, "schema": schema}


def _operation(operation: Operation) -> dict[str, object]:
    described: dict[str, object] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *map(_parameter, operation.parameters)],
        "responses": _responses(operation),
        "security": [{each: []} if each else {} for each in operation.security],
    }
    if operation.body is not None:
        content = {_JSON: {"schema": _schema(operation.body)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _schema(body: type[Struct] | Schema) -> Schema:
    """Return `body` if it is a schema, else a reference to the schema of the type."""
    if isinstance(body, Mapping):
        return body
    return {"$ref": _SCHEMA_REF + body.__name__}


def _path_parameters(path: str) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": schema,
        }
        for name, (schema, description) in _PATH_PARAMETERS.items()
        if f"{{{name}}}" in path
    ]


def _parameter(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "in": parameter.location,
        "required": False,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _responses(operation: Operation) -> dict[str, object]:
    successes = {str(each.status): _success(each) for each in operation.responses}
    errors = {str(status): _error(status) for status in (*operation.errors, 405, 500)}
    return {**successes, **errors}


def _success(response: Response) -> dict[str, object]:
    described: dict[str, object] = {
        "description": response.description,
        "headers": _headers("X-Request-Id", *response.headers),
    }
    if response.body is not None:
        texts = {each: {"schema": STRING} for each in response.also}
        described["content"] = {response.mimetype: {"schema": _schema(response.body)}, **texts}
    return described


def _error(status: int) -> dict[str, object]:
    """Return the description of an error status: all problem types that have it."""
    found = [kind for kind in kinds(Refused) if kind.status == status]
    headers = dict.fromkeys(header for kind in found for header in kind.headers)
    return {
        "description": " ".join(f"`{type_of(kind)}`: {meaning(kind)}" for kind in found),
        "headers": _headers("X-Request-Id", *headers),
        "content": {_PROBLEM: {"schema": _schema(schemas.Problem)}},
    }


def _headers(*names: str) -> dict[str, object]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def routes() -> Sequence[tuple[str, str]]:
    """Return the method and path of every operation in the document."""
    return [(each.method, each.path) for each in OPERATIONS]
