"""``docs/reference/http-api.md``: the wire contract, from the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hunt.web.openapi import document
from reference_pages import schemas
from reference_pages.tables import head, row

HEAD = """\
# HTTP API

<!-- Generated from hunt/web/openapi by docs/generate.py: do not edit. -->

The same contract as `/openapi.json` of a running server, in OpenAPI 3.1. `/docs` of the server
shows it, too, and sends requests. WebSocket messages are in [Socket](socket.md).

Every error is a [Problem](#problem), of media type `application/problem+json`; the tables name the
types of each status. Every operation may also answer 405
([`method-not-allowed`](problems.md#method-not-allowed)) and 500
([`internal-error`](problems.md#internal-error)).
"""

#: A type of problem, as the document names it.
PROBLEM = re.compile(r"`/docs/problems#([a-z0-9-]+)`")

#: Statuses that every operation has.
EVERYWHERE = {"405", "500"}


def page() -> str:
    """Return the page."""
    openapi = json.loads(document.document())
    lines = [HEAD.rstrip(), "", _linked(openapi["info"]["description"])]
    lines += ["", "## Authentication", "", *head("scheme", "meaning")]
    for name, scheme in openapi["components"]["securitySchemes"].items():
        lines.append(row(f"`{name}`", scheme["description"]))
    lines += ["", "## Headers of responses", "", *head("header", "meaning")]
    for name, header in openapi["components"]["headers"].items():
        lines.append(row(f"`{name}`", header["description"]))
    operations = [
        (method, path, each)
        for path, methods in openapi["paths"].items()
        for method, each in methods.items()
    ]
    for tag in dict.fromkeys(each["tags"][0] for _, _, each in operations):
        lines += ["", f"## {tag.capitalize()}"]
        for method, path, each in operations:
            if each["tags"][0] == tag:
                lines += _operation(method, path, each)
    lines += ["", "## Schemas"]
    for name, schema in openapi["components"]["schemas"].items():
        lines += ["", f"### {name}", "", _sentences(schema.get("description", "")), ""]
        lines += schemas.fields(schema) if "properties" in schema else [schemas.described(schema)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"### `{method.upper()} {path}`", "", _linked(operation["summary"]), "")
    accepted = [next(iter(each), "none") for each in operation["security"]]
    yield f"Authentication: {', '.join(f'`{each}`' for each in accepted)}."
    if "requestBody" in operation:
        yield from ("", f"Body: {_content(operation['requestBody'])}.")
    if operation["parameters"]:
        yield from ("", *head("parameter", "in", "value", "meaning"))
        for each in operation["parameters"]:
            value = schemas.described(each["schema"])
            yield row(f"`{each['name']}`", each["in"], value, _linked(each["description"]))
    yield from ("", *head("status", "meaning", "body"))
    for status, each in operation["responses"].items():
        if status not in EVERYWHERE:
            yield row(f"`{status}`", *_response(each))


def _response(response: Mapping[str, Any]) -> tuple[str, str]:
    """Return the meaning of a response and its body; for errors, the links of their types."""
    if types := PROBLEM.findall(response["description"]):
        return ", ".join(f"[`{each}`](problems.md#{each})" for each in types), ""
    return _linked(response["description"]), _content(response)


def _content(described: Mapping[str, Any]) -> str:
    return ", ".join(
        f"`{media}`" + (f": {schemas.described(each['schema'])}" if "json" in media else "")
        for media, each in described.get("content", {}).items()
    )


def _linked(text: str) -> str:
    """Return a text with links to the explanations of problem types."""
    return _sentences(PROBLEM.sub(r"[`\1`](problems.md#\1)", text))


def _sentences(text: str) -> str:
    """Return a text of a docstring as one line of Markdown."""
    return " ".join(text.replace("``", "`").split())
